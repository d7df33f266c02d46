"""What a query sees, as scripts look at it: `aim.sdk.query_utils`; names of Aim's server and UI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


@case("A01", "a run as a query sees it", priority="C")
def run_view(w: World) -> None:
    run = w.run()
    run["hparams"] = {"lr": 0.1, "opt": {"name": "adam"}}
    run.track(2.0, name="loss", context={"subset": "val"})
    view = w.sub("aim.sdk.query_utils").RunView(run)
    w.see("hash", lambda: view.hash == run.hash)
    w.see("run", lambda: view.run is run)
    w.see("attribute", lambda: view.hparams.lr == 0.1)
    w.see("item", lambda: view["hparams", "opt", "name"] == "adam")
    w.see("get", lambda: view.get(("hparams", "lr")) == 0.1)
    w.see("get missing", lambda: view.get("nope", 3) == 3)
    w.see("missing", lambda: bool(view.nope))
    w.see("metric", lambda: view.metrics["loss", {"subset": "val"}].last == 2.0)
    run.close()


@case("A04", "a sequence as a query sees it", priority="C")
def sequence_view(w: World) -> None:
    run = w.run()
    run["lr"] = 0.1
    run.track(2.0, name="loss", context={"subset": "val"})
    views = w.sub("aim.sdk.query_utils")
    view = views.SequenceView("loss", {"subset": "val"}, views.RunView(run))
    w.see("name", lambda: view.name)
    w.see("last", lambda: view.last == 2.0)
    w.see("run", lambda: view.run.lr == 0.1)
    w.see("context", lambda: view.context["subset"] == "val")
    context = views.ContextView({"a": 1})
    w.see("item", lambda: context["a"])
    w.see("get", lambda: (context.get("a"), context.get("b"), context.get("b", 2)))
    w.see("missing", lambda: context["b"])
    w.see("given", lambda: context.context)
    run.close()


@case("M09", "ports and variables by name", priority="C")
def names_of_servers(w: World) -> None:
    for module in ("aim.ext.transport.config", "aim.web.configs"):
        names = [name for name in dir(w.sub(module)) if name.isupper()]
        w.see(
            module, lambda names=names, module=module: {n: getattr(w.sub(module), n) for n in names}
        )

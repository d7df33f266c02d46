"""`run.meta_run_tree` and its siblings, and what reads sequences without their classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.case import case

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.world import World


def filled(w: World) -> Any:
    run = w.run()
    run["a"] = {"b": [1, 2]}
    run["z"] = None
    for step in range(3):
        run.track(float(step), name="m", step=2 * step, context={"s": "t"})
        run.track(w.aim.Text("x"), name="t")
    return run


def said(call: Callable[[], Any]) -> str | None:
    """Aim's sentence of an error of `track`."""
    try:
        call()
    except ValueError as error:
        text = str(error)
        return text[: text.index("data types.") + len("data types.")]
    return None


@case("U24", "reading the storage tree of a run", priority="A")
def reading(w: World) -> None:
    run = filled(w)
    tree, idx = run.meta_run_tree, w.context({"s": "t"}).idx
    w.see("keys", lambda: (list(tree.keys()), tree.keys_eager(), tree.first_key(), tree.last_key()))
    w.see("items", lambda: [[k for k, _ in pairs] for pairs in (tree.items(), tree.items_eager())])
    w.see("collect", lambda: sorted(tree.collect()))
    w.see("contexts", lambda: list(tree["contexts"].items()))
    w.see("typed traces", lambda: [(k, list(v)) for k, v in tree["typed_traces"].items()])
    w.see("trace", lambda: tree["traces", idx, "m"])
    w.see("subtrees", lambda: tree.subtree("traces").subtree(idx)["m", "last"])
    w.see("path", lambda: tree.subtree(("traces", idx))["m", "dtype"])
    w.see("view", lambda: tree.view(("attrs", "a")).collect())
    w.see("ends", lambda: (tree.first_key("attrs"), tree.last_key("attrs")))
    w.see("levels", lambda: [keys for keys, _ in tree.subtree("traces").iterlevel(level=2)])
    w.see("missing", lambda: tree["nope"])
    w.see("missing, get", lambda: tree.get("nope", 5))
    w.see("missing, subtree", lambda: tree.subtree("nope").collect())
    w.see("end", lambda: tree["end_time"])
    w.see("names", lambda: list(run.meta_tree.subtree("traces_types").collect()))
    w.see("attrs", lambda: [t.collect() for t in (run.meta_attrs_tree, run.meta_run_attrs_tree)])
    run.close()


@case("U24", "writing to the storage tree of a run", priority="A")
def writing(w: World) -> None:
    run = filled(w)
    tree = run.meta_run_tree
    own = tree.subtree("own")
    own["x"] = 1
    w.see("own", lambda: (tree["own"], own["x"], list(own.keys()), list(own.items())))
    tree.set("own", {"y": 2})
    w.see("later", lambda: own.collect())
    del tree["own"]
    w.see("deleted", lambda: tree.get("own"))
    tree.subtree("attrs")["n"] = 1
    tree["attrs", "n2"] = 2
    run.meta_run_attrs_tree["n3"] = 3
    w.see("parameters", lambda: run[...])
    run.close()


@case("T08", "what is said of values unlike their series", priority="A")
def unlike(w: World) -> None:
    run = filled(w)
    text = w.aim.Text("x")
    run.track([text], name="tl")
    run.track(["a"], name="ls")
    for name in ("m", "t", "tl", "ls"):
        context = {"s": "t"} if name == "m" else None
        for label, value in {
            "number": 1.5,
            "text": text,
            "texts": [text],
            "strings": ["q"],
            "numbers": [1.5],
        }.items():
            w.see(
                f"{label} in {name}",
                lambda value=value, name=name, context=context: said(
                    lambda: run.track(value, name=name, context=context)
                ),
            )
    w.see("in a dict", lambda: said(lambda: run.track({"t": 1.0})))
    run.close()


@case("S10", "all sequences of a run, and text of numpy", priority="B")
def every(w: World) -> None:
    import numpy as np

    run = filled(w)
    run.track(np.str_("a"), name="ss")
    run.track(np.str_("b"), name="ss")
    w.see("text", lambda: w.aim.Sequence("ss", w.context(), run).values.values_list())
    w.see("all", lambda: [name for name, _, _ in run.iter_sequence_info_by_type("*")])
    w.see("tuple", lambda: [name for name, _, _ in run.iter_sequence_info_by_type(("*", "int"))])
    run.close()


@case("S06", "column of an empty context", priority="A")
def empty_context(w: World) -> None:
    with w.writing() as run:
        run["p"] = 1
        run.track(1.0, name="a")
        run.track(1.0, name="b", context={"subset": "x"})
        run_hash = run.hash
        del run
    w.sync()
    frame = w.repo.get_run(run_hash).metrics().dataframe()
    w.see("columns", lambda: sorted(frame.columns))
    w.see("filled", lambda: sorted(frame["metric.context"].notna()))
    db = w.repo.structured_db
    w.see("caches", lambda: db.init_cache("mine", db.runs, lambda entry: entry.hash))
    w.see("cache", lambda: db.invalidate_cache("mine"))
    w.see("all caches", db.invalidate_all_caches)
    w.repo.run_props_cache_hint = None
    w.see("hint", lambda: (w.repo.run_props_cache_hint, db.find_run(run_hash).hash == run_hash))

"""Uses of Aim are found where scripts have them, and nothing else is taken for one.

Each line of a script says behind `#>` what of Aim it uses: names by their dotted name, members as
`Class.member`, text that names something in quotes, `~` before an import of a computed module.
"""

from __future__ import annotations

import textwrap

import pytest

from aim_compat.tools import names
from aim_compat.tools.uses import Kind, Use

IMPORTS = {
    "plain": """
        import aim  #> aim
        aim.Run()  #> aim.Run
        import aim as a, os  #> aim
        mode = a.sdk.types.QueryReportMode  #> aim.sdk.types.QueryReportMode
        mode.DISABLED  #> QueryReportMode.DISABLED
        """,
    "from": """
        from aim import Run as R, Repo  #> aim.Run aim.Repo
        from aim.sdk.objects.image import (
            Image,  #> aim.sdk.objects.image.Image
            Image as Picture,  #> aim.sdk.objects.image.Image
        )
        R().track  #> Run.track
        """,
    "submodules": """
        import aim.sdk.types, os  #> aim.sdk.types
        import aim.sdk.run as r  #> aim.sdk.run
        from aim import sdk  #> aim.sdk
        r.Run().close()  #> aim.sdk.run.Run Run.close
        sdk.run.Run  #> aim.sdk.run.Run
        aim.run.Run  #> aim.sdk.run.Run
        aim.sdk.types.QueryReportMode  #> aim.sdk.types.QueryReportMode
        """,
    "anywhere": """
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            from aim import Run  #> aim.Run
        try:
            import aim  #> aim
        except ImportError:
            aim = None
        class Tracker:
            from aim import Image  #> aim.Image
            def start(self):
                from aim import Repo  #> aim.Repo
                return Repo.from_path(".").get_run("x")  #> Repo.from_path Repo.get_run
        def late():
            return aim.Text("x")  #> aim.Text
        """,
    "by text": """
        import importlib
        from importlib import import_module as load
        import importlib.util as u
        importlib.import_module("aim").Run  #> aim aim.Run
        load(name="aim.sdk.types").QueryReportMode  #> aim.sdk.types aim.sdk.types.QueryReportMode
        load(".sdk", package="aim").Run  #> aim.sdk aim.sdk.Run
        __import__("aim.sdk").Repo  #> aim.sdk aim.Repo
        u.find_spec("aim")  #> aim
        where = "aim.sdk"  #> 'aim.sdk'
        load(where).Run  #> ~aim.sdk aim.sdk.Run
        load(f"aim.{where}")  #> ~aim
        load("os").path
        """,
    "by a function of the module's own, or of a library": """
        import importlib
        from langchain_core.utils import guard_import
        from somewhere import optional_import, is_available
        def need(name):
            return importlib.import_module(name)  #> ~aim
        aim = need("aim")
        aim.Run  #> aim.Run
        guard_import("aim").Repo  #> aim aim.Repo
        optional_import("aim").Run  #> 'aim' aim.Run
        if is_available("aim"):  #> 'aim'
            pass
        from importlib.metadata import version
        version("aim"), importlib.metadata.distribution("aim")  #> 'aim'
        def exists(package): return importlib.util.find_spec(package)  #> ~aim
        [exists(name) for name in ("a", "b")]
        exists("a"), exists("b"), exists("c"), exists("d"), exists("e"), exists("f"), exists("g")
        exists("h"), exists("i"), exists("j"), exists("k"), exists("l"), exists("m"), exists("n")
        exists("aim")
        """,
    "everything": """
        from aim import *  #> aim
        run = Run(repo=".")  #> aim.Run
        run.track(Image("x"))  #> Run.track aim.Image
        print(len("x"))
        """,
    "what only looks like it": """
        from . import aim
        from .aim import Run
        from claim import Run as Claim
        import aimless, my.aim
        aim.Run(), Run().series_run_trees, my.aim.Run
        text = "aim", "aim.nothing", "aims.Run", "claim.Run", "my.aim.Run"
        \"\"\"aim.Run\"\"\"
        def aim(): return "aim"
        """,
    "text": """
        from unittest.mock import patch
        import sys
        @patch("aim.Run.track")  #> 'aim.Run.track'
        def test(track): ...
        patch("aim.sdk.run.Run")  #> 'aim.sdk.run.Run'
        "aim" in sys.modules  #> 'aim'
        sys.modules["aim"].Run  #> 'aim' aim.Run
        """,
}

MEMBERS = {
    "from where a run is made to where it is used": """
        from aim import Run  #> aim.Run
        run = Run()
        run["lr"] = run["x"]  #> Run.__getitem__ Run.__setitem__
        run.name = "x"  #> Run.name
        other = copy = run
        copy.close()  #> Run.close
        del run["lr"]  #> Run.__delitem__
        (again := Run()).track(1)  #> Run.track
        again.series_run_trees  #> Run.series_run_trees
        """,
    "annotations": """
        from __future__ import annotations
        import aim, typing  #> aim
        from typing import Optional, Union, List
        from aim import Run  #> aim.Run
        def a(run: Run): run.track(1)  #> Run.track
        def b(run: Optional[aim.Run] = None): run.track(1)  #> aim.Run Run.track
        def c(run: "aim.Run | None"): run.track(1)  #> aim.Run Run.track
        def d(*runs: Run, **more: Run): runs[0].close(); more["x"].name  #> Run.close Run.name
        def e(runs: List[Run]):
            for each in runs: each.hash  #> Run.hash
        async def f(run: Union[Run, None]) -> Run:
            run.set("x", 1)  #> Run.set
            return run
        x: Run
        x.close()  #> Run.close
        """,
    "attributes of objects": """
        import aim  #> aim
        class Trainer:
            shared: aim.Run  #> aim.Run
            def __init__(self, repo):
                self.run = None
                self.repo = aim.Repo(repo)  #> aim.Repo
            def use(self):
                self.run.track(1)  #> Run.track
                self.shared.close()  #> Run.close
                self.newest.close()  #> Run.close
            def start(self):
                self.run = aim.Run(repo=self.repo)  #> aim.Run
            @property
            def newest(self):
                return next(iter(self.repo.iter_runs()))  #> Repo.iter_runs
        trainer = Trainer(".")
        trainer.run.series_run_trees  #> Run.series_run_trees
        class Better(Trainer):
            def more(self):
                super().use()
                self.run.close()  #> Run.close
        state.run = aim.Run()  #> aim.Run
        state.run.track(1)  #> Run.track
        """,
    "dataclasses": """
        from dataclasses import dataclass
        from aim import Run  #> aim.Run
        @dataclass
        class Bag:
            run: Run
            spare: object = None
        bag = Bag(run=None, spare=Run())
        bag.run.name  #> Run.name
        bag.spare.close()  #> Run.close
        """,
    "functions": """
        from aim import Run, Repo  #> aim.Run aim.Repo
        def make(): return Run()
        def make_annotated() -> Run: ...
        def use(run, name="x"): run.track(1, name=name)  #> Run.track
        run = make()
        use(run)
        make_annotated().close()  #> Run.close
        def outer():
            inside = Run()
            def inner(): inside.track(2)  #> Run.track
            return inner
        def globally():
            global later
            later = Repo(".")
        later.list_all_runs()  #> Repo.list_all_runs
        from functools import partial
        Quiet = partial(Run, system_tracking_interval=None)
        Quiet().close()  #> Run.close
        import contextlib
        @contextlib.contextmanager
        def tracking():
            yield Run()
        with tracking() as it, contextlib.closing(Run()) as other:
            it.track(1); other.hash  #> Run.track Run.hash
        """,
    "collections": """
        from aim import Run  #> aim.Run
        runs = [Run() for _ in range(3)]
        runs[0].close()  #> Run.close
        by_name = {}
        by_name["a"] = Run()
        by_name["a"].name  #> Run.name
        for name, run in by_name.items(): run.hash  #> Run.hash
        for i, (a, run) in enumerate(zip("ab", runs)): run.track(i)  #> Run.track
        more = []
        more.append(Run())
        [each.close() for each in sorted(more)]  #> Run.close
        first, second = Run(), 3
        first.tags; second.tags  #> Run.tags
        """,
    "queries": """
        from aim import Repo  #> aim.Repo
        repo = Repo.default_repo()  #> Repo.default_repo
        found = repo.query_runs("")  #> Repo.query_runs
        for runs in found.iter_runs():  #> QueryRunSequenceCollection.iter_runs
            runs.run.hash  #> SingleRunSequenceCollection.run Run.hash
        for metric in repo.query_metrics("metric.name == 'x'"):  #> Repo.query_metrics
            metric.values.sparse_numpy()  #> Metric.values ArrayView.sparse_numpy
            metric.run.track(1)  #> Metric.run Run.track
        found = repo.query_metrics()  #> Repo.query_metrics
        for run, progress in found.iter_runs():  #> QuerySequenceCollection.iter_runs
            for metric in run: metric.data  #> Metric.data
        one = repo.get_run("x")  #> Repo.get_run
        for name, context, run in one.iter_metrics_info():  #> Run.iter_metrics_info
            run.get_metric(name, context).dataframe()  #> Run.get_metric Metric.dataframe
        """,
    "bases from elsewhere": """
        from aim import Run  #> aim.Run
        from framework import Action
        class Train(Action):
            def __init__(self, cfg, aim_run: Run):
                super().__init__(cfg, aim_run)
            def run(self):
                self.aim_run.track(1, name="x")  #> Run.track
                self.aim_run.whatever(); self.cfg.track
        """,
    "handlers of events": """
        from aim.sdk.callbacks import events  #> aim.sdk.callbacks.events
        class Watch:
            @events.on.epoch_ended  #> aim.sdk.callbacks.events.on
            def seen(self, metrics, run, **rest):
                run.track(metrics["loss"], name="loss")  #> Run.track
            def other(self, run):
                run.track(1)
        """,
    "what is replaced": """
        import aim.sdk.repo  #> aim.sdk.repo
        from aim import Run  #> aim.Run
        aim.sdk.repo.Client = object  #> aim.sdk.repo.Client
        Run.track = None  #> Run.track
        """,
    "subclasses of Aim's": """
        from aim import Run, Repo  #> aim.Run aim.Repo
        class Mine(Run):
            def track(self, value):
                super().track(value)  #> Run.track
                self.series_run_trees  #> Run.series_run_trees
                self.mine = 1
            def more(self): self.mine; self.unknown; self.name  #> Run.name
        Mine().track(1)
        Mine().close()  #> Run.close
        """,
    "branches": """
        from aim import Run  #> aim.Run
        import wandb
        def one(use_aim, thing):
            run = None
            if use_aim:
                run = Run()
            else:
                run = wandb.init()
                run.log({})
            run.track(1); run.log(1)  #> Run.track
            run = 3
            run.track(2)
            if isinstance(thing, Run):
                thing.close()  #> Run.close
            thing.close()  #> Run.close
            thing = other
            thing.close()
            if not use_aim:
                return
            while use_aim:
                late and late.track(1)  #> Run.track
                late = Run()
        """,
    "shadows": """
        from aim import Run  #> aim.Run
        run = Run()
        def f(run): run.track(1)
        def g():
            run = object()
            run.track(1)
        [run.track(1) for run in others]
        lambda run: run.track(1)
        class C:
            run = 3
            def m(self): run.track(1)  #> Run.track
        try: pass
        except Exception as run: run.track(1)
        """,
    "not Aim's either": """
        from aim import Run, nothing  #> aim.Run aim.nothing
        import aim  #> aim
        run = Run()
        run.finalize()  #> Run.finalize
        run.__class__.__name__
        aim.missing  #> aim.missing
        aim.__file__
        run.own = 1
        run.own
        """,
    "match": """
        from aim import Run, Repo  #> aim.Run aim.Repo
        def f(x):
            match x:
                case Run() as run: run.close()  #> Run.close
                case [Repo() as repo, *rest]: repo.path  #> Repo.path
                case {"a": a, **more}: a.close()
        """,
    "what aim_compat has": """
        import aim_compat as aim  #> aim
        import aim_compat
        aim_compat.install()
        from aim_compat.sdk.types import QueryReportMode  #> aim.sdk.types.QueryReportMode
        from aim_compat import install, uninstall
        aim.Run().track(1)  #> aim.Run Run.track
        """.replace("import aim_compat\n", "import aim_compat  #> aim\n"),
}


def shown(use: Use) -> str | None:
    if use.kind is Kind.MEMBER:
        return use.name
    if use.kind in (Kind.MODULE, Kind.NAME, Kind.IMPORT_TEXT):
        return use.dotted
    return {Kind.TEXT: f"'{use.dotted}'", Kind.IMPORT_COMPUTED: f"~{use.dotted}"}.get(use.kind)


def expected(text: str) -> list[tuple[int, list[str]]]:
    lines = [line.partition("#>")[2].split() for line in text.splitlines()]
    return [(row, sorted(uses)) for row, uses in enumerate(lines) if uses]


def found(text: str) -> list[tuple[int, list[str]]]:
    rows: dict[int, list[str]] = {}
    for use in names.uses(text):
        if (name := shown(use)) is not None:
            rows.setdefault(use.span.row, []).append(name)
    return [(row, sorted(set(uses))) for row, uses in sorted(rows.items())]


@pytest.mark.parametrize("title", [*IMPORTS, *MEMBERS])
def test_what_a_script_uses(title: str) -> None:
    text = textwrap.dedent({**IMPORTS, **MEMBERS}[title])
    assert found(text) == expected(text)


def test_places_are_in_characters() -> None:
    text = "import aim\né = 'ü'; run = aim.Run(); run.track('ö'); run.close()\n"
    places = {use.dotted: use.span for use in names.uses(text) if use.kind is Kind.MEMBER}
    line = text.splitlines()[1]
    for member in ("track", "close"):
        span = places[f"aim.Run.{member}"]
        assert line[span.column : span.end_column] == member


def test_names_that_python_reads_as_aim() -> None:
    assert [
        use.dotted for use in names.uses("import \N{FULLWIDTH LATIN SMALL LETTER A}im\naim.Run\n")
    ] == ["aim", "aim.Run"]


def test_keywords_and_queries_come_with_their_places() -> None:
    text = (
        "from aim import Repo, Run\nRun(force_resume=True)\nRepo('.').query_runs(query='a == 1')\n"
    )
    uses = [use for use in names.uses(text) if use.kind in (Kind.KEYWORD, Kind.QUERY)]
    assert [(use.kind, use.name, use.detail, use.span.row, use.span.column) for use in uses] == [
        (Kind.KEYWORD, "Run", "force_resume", 1, 4),
        (Kind.KEYWORD, "Repo.query_runs", "query", 2, 21),
        (Kind.QUERY, "Repo.query_runs", "a == 1", 2, 27),
    ]


@pytest.mark.parametrize(
    "query",
    [
        "q = 'a == 1'\nrepo.query_runs(q)",
        "repo.query_runs('a ' + '== 1')",
        "repo.query_runs('a '\n '== 1')",
    ],
)
def test_queries_are_followed(query: str) -> None:
    text = f"from aim import Repo\nrepo = Repo('.')\n{query}\n"
    assert [use.detail for use in names.uses(text) if use.kind is Kind.QUERY] == ["a == 1"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import aim\nprint 'x'\n", "not Python"),
        ("import aim\n  x = 1\n", "not Python: unexpected indent"),
        ("import aim\nx = '" + "\n", "not Python"),
        ("import aim\nx = " + "(" * 500 + ")" * 500, "nested|not Python"),
        ("import aim\nx = " + "-" * 200_000 + "1", "nested too deep|not Python"),
        ("import aim\nx = a" + ".a" * 100_000, "nested too deep"),
    ],
)
def test_what_is_no_python_says_so(text: str, reason: str) -> None:
    with pytest.raises(names.UnreadableError, match=reason):
        names.uses(text)


@pytest.mark.parametrize(
    "text",
    [
        "x = " + " + ".join(["aim.Run"] * 900),
        "if a: pass\n" + "elif b: aim.Run()\n" * 900,
        "x = (aim.Run(), 1)\n" + "x = (x, x)\n" * 200,
        "x = [aim.Run()]\n" + "x = [x] + x\n" * 200,
        "aim" + ".x" * 500,
        "x = aim.Run()\n" + "".join(f"def f{i}(a): return f{i + 1}(a)\n" for i in range(300)),
        "".join(f"class C{i}(C{i + 1}): pass\n" for i in range(300)) + "C0().a",
        "class C(C):\n def m(self): return self.m().m\n",
    ],
    ids=range(8),
)
def test_large_and_strange_modules_are_read(text: str) -> None:
    assert names.uses("import aim\n" + text)

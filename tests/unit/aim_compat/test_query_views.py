"""What a query sees, looked at from outside."""

from __future__ import annotations

from pathlib import Path

import pytest
from aim_compat.sdk.query_utils import ContextView, RunView, SequenceView

from aim_compat import Run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = Run(repo=tmp_path, system_tracking_interval=None, capture_terminal_logs=False)
    run["hparams"] = {"lr": 0.1, "opt": {"name": "adam"}}
    run.track(2.0, name="loss", context={"subset": "val"})
    yield run
    run.close()


def test_a_run(run: Run) -> None:
    view = RunView(run)
    assert view.hash == run.hash
    assert view.hparams.opt.name == "adam"
    assert view["hparams", "lr"] == 0.1
    assert view.get("hparams") == {"lr": 0.1, "opt": {"name": "adam"}}
    assert view.get("nope", 3) == 3
    assert view.nope == None  # noqa: E711  # what is missing equals None, and is not it
    assert not view.nope
    assert view.metrics["loss", {"subset": "val"}].last == 2.0
    with pytest.raises(AttributeError):
        _ = view.__wrapped__


def test_a_sequence(run: Run) -> None:
    view = SequenceView("loss", {"subset": "val"}, RunView(run))
    assert (view.name, view.context.subset, view.last) == ("loss", "val", 2.0)
    assert view.run.hparams.lr == 0.1
    missing = SequenceView("loss", {}, RunView(run))
    assert not missing.last


def test_a_context() -> None:
    view = ContextView({"a": {"b": 1}, "x": 2})
    assert view.x == view["x"] == 2
    assert view.a.b == 1
    assert view.get("q", 5) == 5
    assert "x" in view
    with pytest.raises(KeyError):
        _ = view["q"]

"""Every name and member that is supported is used by a case: evidence.json says by which.

Asked after all cases ran on the drop-in; `--evidence` writes both files anew.
"""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from conformance.case import CASES
from conformance.evidence import (
    Evidence,
    Recorder,
    read_evidence,
    unproven,
    wanting,
    write_evidence,
)
from conformance.subject import Subject

HERE = Path(__file__).parent
EVIDENCE = HERE / "evidence.json"
UNPROVEN = HERE / "unproven.txt"
"""What no case uses yet, a line each. It may only get shorter, but for what needs a framework that
real Aim's environment lacks (TensorFlow): its tests are in tests/unit."""


@pytest.fixture(scope="module")
def seen(recorder: Recorder | None, pytestconfig: pytest.Config) -> Evidence:
    """What all the cases used."""
    if recorder is None:
        pytest.skip("evidence is about the drop-in")
    if recorder.cases != set(CASES):
        pytest.skip("only some of the cases ran")
    evidence = recorder.evidence()
    if pytestconfig.getoption("evidence"):
        wanted = wanting(importlib.import_module("aim_compat._surface"))
        write_evidence(EVIDENCE, evidence)
        UNPROVEN.write_text("".join(f"{title}\n" for title in unproven(wanted, evidence)))
    return evidence


def test_what_is_supported_is_proven(seen: Evidence) -> None:
    wanted = wanting(importlib.import_module("aim_compat._surface"))
    known = UNPROVEN.read_text(encoding="utf-8").split()
    missing = unproven(wanted, seen)
    assert sorted(set(missing) - set(known)) == [], "no case uses these: write one"
    assert sorted(set(known) - set(missing)) == [], "a case uses these: take them off unproven.txt"


def test_what_was_proven_still_is(seen: Evidence) -> None:
    lost = sorted(set(read_evidence(EVIDENCE)) - set(seen))
    assert lost == [], "no case uses these any more; see evidence.json for those that did"


def test_only_what_the_case_asks_for_is_noted(subject: Subject, tmp_path: Path) -> None:
    if subject.is_original:
        pytest.skip("evidence is about the drop-in")
    recorder = Recorder(importlib.import_module("aim_compat._surface"))
    as_it_was = dict(vars(subject.module.Run))
    with recorder.during("X01-case"):
        run = subject.module.Run(
            repo=str(tmp_path), system_tracking_interval=None, capture_terminal_logs=False
        )
        run.track(1.0, name="loss")
        run.name = "first"
        assert subject.module.Text.AIM_NAME == "aim.text"
        assert run.hash
        assert len(run.get_metric("loss", subject.submodule("aim.sdk.run").Context({}))) == 1
        assert not hasattr(subject.module.Run, "hash")
        assert not hasattr(run, "series_run_trees")
    run.close()
    assert recorder.evidence() == {
        title: ["X01-case"]
        for title in (
            "aim.sdk.base_run.BaseRun.hash",
            "aim.sdk.objects.text.Text.AIM_NAME",
            "aim.sdk.run.BasicRun.get_metric",
            "aim.sdk.run.BasicRun.track",
            "aim.sdk.run.Run.__init__",
            "aim.sdk.run.StructuredRunMixin.name",
            "aim.sdk.sequence.Sequence.__len__",
            "aim.storage.context.Context.__init__",
        )
    }
    assert dict(vars(subject.module.Run)) == as_it_was

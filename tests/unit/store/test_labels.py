"""Experiments and tags: made, changed, deleted; names are unique."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from matyan_client import Repo, Run
from matyan_client.exceptions import InvalidInputError


def a_run(path: Path) -> str:
    run = Run(repo=path, experiment="first")
    run.add_tag("old")
    run.close()
    return run.hash


def test_an_experiment_is_renamed_for_its_runs(tmp_path: Path) -> None:
    run_hash = a_run(tmp_path)
    backend = Repo(tmp_path).backend
    (record,) = backend.list_experiments()
    changed = replace(record, name="second", description="why", archived=True)
    assert backend.update_experiment(changed)
    assert backend.list_experiments() == [changed]
    run = backend.get_run(run_hash)
    assert run is not None
    assert run.experiment == "second"


def test_a_tag_is_changed_and_deleted(tmp_path: Path) -> None:
    run_hash = a_run(tmp_path)
    backend = Repo(tmp_path).backend
    (record,) = backend.list_tags()
    changed = replace(record, name="new", color="#ff0000", description="why", archived=True)
    assert backend.update_tag(changed)
    assert backend.list_tags() == [changed]
    run = backend.get_run(run_hash)
    assert run is not None
    assert run.tags == ["new"]
    assert backend.delete_tag(record.id)
    assert not backend.delete_tag(record.id)
    run = backend.get_run(run_hash)
    assert run is not None
    assert run.tags == []


def test_names_are_taken_once(tmp_path: Path) -> None:
    a_run(tmp_path)
    backend = Repo(tmp_path).backend
    other = backend.create_experiment("other")
    tag = backend.create_tag("other")
    for refused in (
        lambda: backend.create_experiment("first"),
        lambda: backend.create_tag("old"),
        lambda: backend.update_experiment(replace(other, name="first")),
        lambda: backend.update_tag(replace(tag, name="old")),
    ):
        with pytest.raises(InvalidInputError, match="already"):
            refused()
    assert [record.name for record in backend.list_experiments()] == ["first", "other"]
    assert [record.name for record in backend.list_tags()] == ["old", "other"]


def test_what_is_not_there_is_not_changed(tmp_path: Path) -> None:
    a_run(tmp_path)
    backend = Repo(tmp_path).backend
    experiment, tag = backend.list_experiments()[0], backend.list_tags()[0]
    assert not backend.update_experiment(replace(experiment, id="none"))
    assert not backend.update_tag(replace(tag, id="none"))

"""Runs that one client began and another goes on with, and runs that are deleted."""

from __future__ import annotations

import json
import sys
import urllib.error
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import read_ours
import read_rest

pytestmark = pytest.mark.timeout(180)

BEGIN = """
import json, sys
from matyan_client import Run
run = Run(experiment="continued", capture_terminal_logs=False)
run.name = "begun"
run["hparams"] = {"lr": 0.1}
for step in range(3):
    run.track(float(step), name="loss", step=step, context={"subset": "train"})
run.log_info("begun")
run.close()
sys.stdout.write(run.hash)
"""
GO_ON = """
import sys
from matyan_client import Run
run = Run(sys.argv[1], force_resume=True, capture_terminal_logs=False)
for step in range(3, 6):
    run.track(float(step), name="loss", step=step, context={"subset": "train"})
run["more"] = [1, 2]
run.log_info("went on")
run.close()
"""
GO_ON_BY_ITSELF = GO_ON.replace("step=step, ", "")
"""Without explicit steps: ours continues where the run is, the published client begins at 0."""
DELETE = "import sys; from matyan_client import Repo; assert Repo({url!r}).delete_run(sys.argv[1])"


def whole(url: str, run_hash: str) -> dict[str, Any]:
    """What matters here of a run, as ours and plain requests read it; both must agree."""
    ours, rest = read_ours.read(url, run_hash), read_rest.read(url, run_hash)
    labels = ("name", "experiment", "active", "ended", "params", "records", "metrics")
    labels += ("steps of loss [('subset', 'train')]", "values of loss [('subset', 'train')]")
    found = {label: ours[label] for label in labels}
    assert found == {label: rest[label] for label in labels}
    return found


@pytest.mark.parametrize("server", ["served", "real"])
@pytest.mark.parametrize(
    ("begun_by", "continued_by"),
    [("ours", "ours"), ("ours", "published"), ("published", "ours"), ("ours", "ours itself")],
)
def test_a_run_goes_on(
    server: str,
    begun_by: str,
    continued_by: str,
    here: Callable[[str], Any],
    run_script: Callable[..., str],
    pythons: Callable[[str], str],
) -> None:
    deployment = here(server)
    said = run_script(deployment, pythons(begun_by), "-c", BEGIN)
    run_hash = said.split()[-1]
    deployment.settle()
    client, _, itself = continued_by.partition(" ")
    script = GO_ON_BY_ITSELF if itself else GO_ON
    run_script(deployment, pythons(client), "-c", script, run_hash)
    deployment.settle()
    found = whole(deployment.backend_url, run_hash)
    records = found.pop("records")
    assert [row[2] for row in records] == ["begun", "went on"]
    assert found == {
        "name": "begun",
        "experiment": "continued",
        "active": False,
        "ended": True,
        "params": ["hparams", "more"],
        "metrics": ["loss [('subset', 'train')]"],
        "steps of loss [('subset', 'train')]": list(range(6)),
        "values of loss [('subset', 'train')]": [float(step) for step in range(6)],
    }


@pytest.mark.parametrize("server", ["served", "real"])
@pytest.mark.parametrize("client", ["ours", "published"])
def test_a_run_is_deleted(
    server: str,
    client: str,
    here: Callable[[str], Any],
    run_script: Callable[..., str],
    pythons: Callable[[str], str],
    ask_published: Callable[..., dict[str, Any]],
) -> None:
    deployment = here(server)
    url = deployment.backend_url
    run_hash = run_script(deployment, sys.executable, "-c", BEGIN).split()[-1]
    deployment.settle()
    assert run_hash in read_ours.find(url, "")
    run_script(deployment, pythons(client), "-c", DELETE.format(url=url), run_hash)
    # at once for queries, the real servers delete what it holds when they come to it
    for found in (read_ours.find(url, ""), read_rest.find(url, "")):
        assert run_hash not in found
    assert run_hash not in ask_published(deployment, [], [""])["queries"][""]
    deployment.settle()
    with pytest.raises(urllib.error.HTTPError, match="404"):
        read_rest.read(url, run_hash)


def test_status_and_backup_of_the_published_client(
    here: Callable[[str], Any],
    run_script: Callable[..., str],
    pythons: Callable[[str], str],
    written: Any,
    tmp_path: Any,
) -> None:
    deployment = here("served")
    hashes = written("published", "served")
    command = (str(Path(pythons("published")).with_name("matyan-client")),)
    urls = ("--backend-url", deployment.backend_url)
    said = run_script(
        deployment, *command, "status", *urls, "--frontier-url", deployment.frontier_url
    )
    for component in ("backend", "frontier"):
        (line,) = (line for line in said.splitlines() if component in line.lower())
        assert "OK" in line
    wanted = f"{hashes['first']},{hashes['second']}"
    run_script(deployment, *command, "backup", str(tmp_path), *urls, "--runs", wanted)
    (manifest,) = tmp_path.glob("*/manifest.json")
    archive = manifest.parent
    known = json.loads(manifest.read_text())
    assert sorted(known["run_hashes"]) == sorted(wanted.split(","))
    assert known["entity_counts"]["experiment"] >= 1
    run = archive / "runs" / hashes["first"]
    about = json.loads((run / "run.json").read_text())
    assert (about["name"], about["active"]) == ("first run", False)
    lines = [json.loads(line) for line in (run / "sequences.jsonl").read_text().splitlines()]
    assert sum(line["name"] == "loss" for line in lines) == 123
    assert json.loads((run / "attrs.json").read_text())["seed"] == 42

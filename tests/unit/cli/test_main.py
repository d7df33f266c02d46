"""`matyan-client`: what each command prints, as a table and as JSON, and how it fails."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from matyan_client import Repo, Run, __version__
from matyan_client.cli import main

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MATYAN_BACKEND_URL", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def runs(tmp_path: Path) -> list[str]:
    """Hashes of three runs in the working directory's repository, oldest first."""
    hashes = []
    for number in range(3):
        run = Run(repo=tmp_path, experiment=f"e{number}", capture_terminal_logs=False)
        run.name = f"name {number}\nwith a second line"
        run.add_tag("t")
        run.set_param(("lr",), number / 10)
        run.set_param(("deep",), {"a": [1, None], "nan": float("nan")})
        for step in range(number):
            run.track(step / 2, name="loss", step=step, context={"subset": "val"})
        run.close()
        hashes.append(run.hash)
    return hashes


class Command:
    """Runs commands in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *args: str, code: int = 0) -> str:
        """What a command prints; what it prints to stderr if it has to fail."""
        assert main(args) == code
        shown = self._capsys.readouterr()
        assert not (shown.out if code == 2 else shown.err)
        return shown.err if code == 2 else shown.out

    def json(self, *args: str) -> Any:
        return json.loads(self(*args, "--json"))


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(capsys)


def test_version(command: Command) -> None:
    assert command("version") == f"matyan-client {__version__}\n"


def test_status(command: Command, runs: list[str], tmp_path: Path) -> None:
    facts = command.json("status", str(tmp_path))
    assert (facts["runs"], facts["active"], facts["sequences"]["metric"]) == (len(runs), 0, 2)
    assert facts["repository"] == str(tmp_path.resolve() / ".matyan")
    assert facts["size_bytes"] > 0
    lines = dict(line.split(maxsplit=1) for line in command("status").splitlines())
    assert lines["runs"] == "3 (0 active)"
    assert lines["sequences"] == "2 (2 metric)"
    assert set(lines) == {"repository", "runs", "sequences", "size", "journals"}


def test_listing(command: Command, runs: list[str]) -> None:
    header, *lines = command("runs", "ls").splitlines()
    assert header.split() == ["hash", "created", "state", "experiment", "name", "sequences", "tags"]
    assert [line.split()[0] for line in lines] == runs[::-1]
    assert "done" in lines[0]
    assert "e2" in lines[0]
    assert "name 2 with a second line" in lines[0]
    assert [info["hash"] for info in command.json("runs", "ls")] == runs[::-1]


def test_listing_what_a_query_says(command: Command, runs: list[str], tmp_path: Path) -> None:
    found = command.json("runs", "ls", "--repo", str(tmp_path), "-q", "run.lr > 0.05")
    assert [info["hash"] for info in found] == runs[:0:-1]
    assert [info["hash"] for info in command.json("runs", "ls", "-n", "1")] == runs[-1:]
    assert command("runs", "ls", "--query", "run.lr > 5") == "no runs\n"
    assert command.json("runs", "ls", "--query", "run.lr > 5", "-n", "2") == []


def test_showing(command: Command, runs: list[str]) -> None:
    text = command("runs", "show", runs[2][:12])
    for part in (runs[2], "e2", "lr", "0.2", "deep.a", "[1, null]", "loss", '{"subset": "val"}'):
        assert part in text, part
    shown = command.json("runs", "show", runs[2])
    assert shown["params"] == {"lr": 0.2, "deep": {"a": [1, None], "nan": None}}
    (loss,) = shown["sequences"]
    assert (loss["name"], loss["count"], loss["last"], loss["last_step"]) == ("loss", 2, 0.5, 1)


def test_removing(command: Command, runs: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert command("runs", "rm", "--yes", runs[0], runs[0]) == "deleted 1 of 1\n"
    assert Repo().list_all_runs() == runs[1:]
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert main(["runs", "rm", runs[1]]) == 1
    assert Repo().list_all_runs() == runs[1:]
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert main(["runs", "rm", runs[1], runs[2]]) == 0
    assert Repo().list_all_runs() == []


def test_nothing_is_deleted_when_one_of_them_is_unknown(command: Command, runs: list[str]) -> None:
    assert "begins with 'nobody'" in command("runs", "rm", "-y", runs[0], "nobody", code=2)
    assert Repo().list_all_runs() == runs


def test_nobody_to_ask_is_an_error(
    capsys: pytest.CaptureFixture[str], runs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert main(["runs", "rm", runs[0]]) == 2
    assert "pass --yes" in capsys.readouterr().err
    assert Repo().list_all_runs() == runs


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["status", "nowhere"], "There is no repository at"),
        (["runs", "ls", "--repo", "nowhere"], "There is no repository at"),
        (["runs", "ls", "--repo", "ftp://x"], "ftp"),
        (["runs", "show", "nobody"], "No run in"),
        (["runs", "show", ""], "3 runs have hashes that begin with ''"),
    ],
)
def test_errors_are_one_line(
    command: Command, runs: list[str], args: list[str], message: str
) -> None:
    shown = command(*args, code=2)
    assert len(runs) == 3
    assert message in shown
    assert shown.startswith("matyan-client: ")
    assert shown.count("\n") == 1
    assert not Path("nowhere").exists()


def test_a_refused_query_shows_its_place(command: Command, runs: list[str]) -> None:
    assert runs
    first, *place = command("runs", "ls", "-q", "run.lr >", code=2).splitlines()
    assert first.startswith("matyan-client: ")
    assert place[0].strip() == "run.lr >"


@pytest.mark.parametrize("args", [[], ["runs"], ["runs", "ls", "-n", "0"], ["nothing"]])
def test_usage(args: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(args)
    assert ended.value.code == 2
    assert "usage: matyan-client" in capsys.readouterr().err


def test_there_is_no_colour_outside_a_terminal(command: Command, runs: list[str]) -> None:
    assert "\x1b" not in command("runs", "show", runs[0])


def test_a_reader_that_has_seen_enough_is_no_error(runs: list[str]) -> None:
    script = "import sys; from matyan_client.cli import main; sys.exit(main(['runs', 'ls']))"
    child = subprocess.Popen(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {script}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.close()
    errors = child.stderr.read()
    child.stderr.close()
    assert (child.wait(), errors) == (0, "")
    assert runs

"""`aim-compat check`: what it says of scripts, notebooks and what is neither, and how it exits."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from aim_compat import _surface
from aim_compat._surface import Status
from aim_compat.cli import main
from aim_compat.tools.check import check_source
from aim_compat.tools.files import Source
from aim_compat.tools.verdicts import State

ROOT = Path(__file__).resolve().parents[4]


def write(path: Path, text: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text), "utf-8")
    return str(path)


def states(text: str) -> list[tuple[int, int, str, str]]:
    findings, problems = check_source(Source("x.py", textwrap.dedent(text)))
    assert problems == []
    return [(each.line, each.column, each.state.value, each.name) for each in findings]


def test_every_use_has_its_place_and_its_state() -> None:
    found = states(
        """\
        import aim
        from aim.storage.rockscontainer import RocksContainer
        run = aim.Run(repo='.', force_resume=True, colour=3)
        run.hash; run.series_run_trees; run.finalize()
        aim.Repo('.').query_runs('run.lr ==')
        """
    )
    assert found == [
        (1, 8, "supported", "aim"),
        (2, 40, "absent", "aim.storage.rockscontainer.RocksContainer"),
        (3, 7, "differs", "aim.Run"),
        (3, 7, "supported", "aim.Run"),
        (3, 25, "differs", "aim.Run(force_resume=)"),
        (3, 44, "unknown", "aim.Run(colour=)"),
        (4, 5, "supported", "aim.Run.hash"),
        (4, 15, "absent", "aim.Run.series_run_trees"),
        (4, 37, "unknown", "aim.Run.finalize"),
        (5, 1, "supported", "aim.Repo"),
        (5, 15, "supported", "aim.Repo.query_runs"),
        (5, 26, "refused", "aim.Repo.query_runs"),
    ]


def test_what_is_absent_as_a_whole_is_said_once() -> None:
    text = """\
        from aim.storage.rockscontainer import RocksContainer
        RocksContainer.from_path("x")
        RocksContainer("x", read_only=True).tree()
        """
    name = "aim.storage.rockscontainer.RocksContainer"
    assert states(text) == [(1, 40, "absent", name)]


def test_states_are_the_table_s() -> None:
    """Every name of the table, used in a script, is reported as the table has it."""
    wrong = []
    for row in _surface.rows():
        if row.is_member or row.name == "*":
            continue
        findings, _ = check_source(Source("x.py", f"from {row.module} import {row.name}\n"))
        if [each.state.value for each in findings] != [row.status.value]:
            wrong.append((row.title, findings))
    assert wrong == []


def test_modules_are_as_the_table_has_them() -> None:
    wrong = []
    for module in _surface.modules():
        findings, _ = check_source(Source("x.py", f"import {module}\n"))
        if [each.state for each in findings] != [State.SUPPORTED]:
            wrong.append(module)
    for row in _surface.rows():
        if row.name == "*":
            findings, _ = check_source(Source("x.py", f"import {row.module}\n"))
            if [each.state.value for each in findings] != [row.status.value]:
                wrong.append(row.module)
    assert wrong == []


def test_members_of_runs_are_as_the_table_has_them() -> None:
    wrong = []
    for row in _surface.rows():
        cls, _, member = row.name.partition(".")
        if (row.module, cls) == ("aim.sdk.run", "Run") and not member.startswith("__") and member:
            text = f"from aim import Run\ndef f(run: Run): run.{member}\n"
            findings, _ = check_source(Source("x.py", text))
            if [each.state.value for each in findings if each.line == 2] != [row.status.value]:
                wrong.append(row.title)
    assert wrong == []


@pytest.mark.parametrize(
    ("query", "refused"),
    [
        ("run.lr > 1e-4 and run.batch in [1, 2]", False),
        ("metric.name == 'loss'", False),
        ("", False),
        ("SELECT run IF run.lr == 1", False),
        ("run.lr = 1", True),
        ("import os", True),
        ("run.__class__", True),
        ("run.lr == 1 and", True),
    ],
)
def test_queries_are_read_as_they_will_be(query: str, refused: bool) -> None:
    from aim_compat.aimql import parse_aimql
    from matyan_client.exceptions import QuerySyntaxError

    findings, _ = check_source(
        Source("x.py", f"from aim import Repo\nRepo('.').query_metrics({query!r})\n")
    )
    said = [each.note for each in findings if each.state is State.REFUSED]
    assert bool(said) is refused
    if refused:
        with pytest.raises(QuerySyntaxError) as caught:
            parse_aimql(query, "metric")
        assert said == [str(caught.value).splitlines()[0]]


def notebook(*sources: str) -> str:
    cells = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": s} for s in sources]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def test_notebooks_are_read_cell_by_cell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(
        tmp_path / "a.ipynb",
        notebook(
            "%load_ext aim\n!aim up\nfrom aim import Run",
            "run = Run()",
            "print 'Python 2', aim",
            "%%bash\naim init",
            "\nrun.series_run_trees",
        ),
    )
    assert main(["check", path]) == 1
    out = capsys.readouterr().out
    extension = _surface.find("aim", "load_ipython_extension")
    assert extension is not None
    assert (f"{path}:cell 1:1:1: {extension.status.value} aim.load_ipython_extension" in out) is (
        extension.status is not Status.SUPPORTED
    )
    assert f"{path}:cell 1:2:1: text aim up: not Python" in out
    assert f"{path}:cell 4:1:1: text %%bash" in out
    assert f"{path}:cell 5:2:5: absent aim.Run.series_run_trees: " in out
    assert f"{path}:cell 3:1: not Python: " in out


# -- the command -----------------------------------------------------------------------------------


def test_a_report_ends_with_counts_and_the_exit_code_says_if_something_is_absent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fine = write(tmp_path / "fine.py", "from aim import Text, Run\nRun().hash\n")
    other = write(tmp_path / "other.py", "import numpy\nclaim = 1\n")
    assert main(["check", fine, other]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(": ")[0] for line in lines] == [f"{fine}:2:1", "2 files, 1 with Aim"]
    assert lines[-1] == "2 files, 1 with Aim: 3 supported, 1 differs"
    assert main(["check", "--all", fine]) == 0
    assert f"{fine}:1:17: supported aim.Text\n" in capsys.readouterr().out
    absent = write(tmp_path / "absent.py", "from aim.storage.rockscontainer import x\n")
    assert main(["check", str(tmp_path)]) == 1
    assert capsys.readouterr().out.splitlines()[0].startswith(f"{absent}:1:40: absent aim.storage")


def test_a_note_is_said_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "x.py", "import aim\nrun = aim.Run()\nrun.close()\nrun.close()\n")
    main(["check", path])
    lines = [line for line in capsys.readouterr().out.splitlines() if "Run.close" in line]
    assert lines[0].startswith(f"{path}:3:5: differs aim.Run.close: better: ")
    assert lines[1] == f"{path}:4:5: differs aim.Run.close"


def test_json_says_the_same_for_programs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "x.py", "import aim\nrun = aim.Run()\nrun.series_run_trees\n")
    broken = write(tmp_path / "y.py", "import aim\nprint 'x'\n")
    assert main(["check", "--json", path, broken, str(tmp_path / "gone.py")]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["aim_version"] == "3.29.1"
    assert (report["files"], report["files_with_aim"]) == (3, 1)
    assert report["counts"]["absent"] == 1
    last = report["uses"][-1]
    assert last.pop("note")
    assert last == {
        "file": path,
        "cell": None,
        "line": 3,
        "column": 5,
        "kind": "member",
        "name": "aim.Run.series_run_trees",
        "state": "absent",
    }
    assert [(each["file"], each["place"]) for each in report["problems"]] == [
        (broken, "2"),
        (str(tmp_path / "gone.py"), None),
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"import aim\nprint 'Python 2'\n",
        b"import aim\0",
        b"# coding: klingon\nimport aim\n",
        b"import aim\nx = '\xff'\n",
        b"import aim\nif:\n",
        b"import aim\nx = " + b"(" * 5000,
    ],
)
def test_a_file_that_cannot_be_read_costs_only_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], data: bytes
) -> None:
    (tmp_path / "bad.py").write_bytes(data)
    write(tmp_path / "good.py", "from aim import Text\n")
    assert main(["check", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert f"{tmp_path / 'bad.py'}" in out
    assert out.endswith("2 files, 1 with Aim: 1 supported; 1 could not be read\n")
    assert (tmp_path / "bad.py").read_bytes() == data


def test_a_broken_file_without_aim_is_nobody_s_business(tmp_path: Path) -> None:
    write(tmp_path / "old.py", "print 'Python 2'\n")
    assert main(["check", str(tmp_path)]) == 0


def test_scripts_are_not_run_and_warn_about_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "x.py", f"import aim\nopen({str(tmp_path / 'ran')!r}, 'w')\n'\\d'\n")
    assert main(["check", path]) == 0
    assert not (tmp_path / "ran").exists()
    assert capsys.readouterr().err == ""


def test_standard_input_is_a_script(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = io.BytesIO(b"import aim\naim.Run().series_run_trees\n")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(data))
    assert main(["check", "-"]) == 1
    assert capsys.readouterr().out.startswith("-:2:1: differs aim.Run")


def test_no_path_is_a_mistake_in_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["check"])
    assert caught.value.code == 2
    assert "PATH" in capsys.readouterr().err


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "aim_compat", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        check=False,
    )


def test_what_the_output_cannot_write_is_escaped(tmp_path: Path) -> None:
    path = write(tmp_path / "x.py", "import aim\nRun = aim.Run\nq = aim.ürgs\n")
    done = run("check", path, PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert b"unknown aim.\\xfcrgs" in done.stdout


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    path = write(tmp_path / "x.py", "import aim\n" + "aim.Run().series_run_trees\n" * 3000)
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(
        [sys.executable, "-m", "aim_compat", "check", path],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=write_end,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(write_end)
    assert b"Traceback" not in done.stderr
    assert done.returncode != 0


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal of POSIX")
@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_colours_are_for_terminals(tmp_path: Path, no_color: str, coloured: bool) -> None:
    import pty  # not on Windows

    path = write(tmp_path / "x.py", "import aim\naim.Run().series_run_trees\n")
    main_end, terminal = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": no_color, "TERM": "xterm"}
    subprocess.run(
        [sys.executable, "-m", "aim_compat", "check", path],
        env=environment,
        stdout=terminal,
        check=False,
    )
    os.close(terminal)
    text = b""
    try:
        while chunk := os.read(main_end, 4096):
            text += chunk
    except OSError:  # the other end is closed: Linux says so with EIO
        assert text
    os.close(main_end)
    assert (b"\033[31mabsent\033[0m" in text) is coloured
    assert b"absent" in text
    assert b"\033" not in run("check", path, TERM="xterm").stdout

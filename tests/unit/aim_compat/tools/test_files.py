"""Files are found in order, read whatever they are, and replaced in one step or not at all."""

from __future__ import annotations

import os
import re
import stat
import sys
from pathlib import Path

import pytest

from aim_compat.tools import files
from aim_compat.tools.files import Problem, Source

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="links, modes and pipes of POSIX")
NOT_ROOT = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is unreadable to root"
)


def make(directory: Path, *names: str) -> None:
    for name in names:
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("import aim\n", "utf-8")


def found(*paths: Path) -> list[str]:
    return [
        each.path if isinstance(each, Problem) else each for each in files.find([*map(str, paths)])
    ]


# -- finding -----------------------------------------------------------------------------------


def test_directories_are_walked_in_order_without_what_is_nobody_s(tmp_path: Path) -> None:
    make(tmp_path, "b.py", "a.py", "z/c.ipynb", "z/d.pyi", "z/e.pyw", "notes.txt", "m/x.py")
    make(tmp_path, ".git/x.py", ".hidden.py", "__pycache__/x.py", "node_modules/x.py")
    make(tmp_path, "venv/lib/x.py", "venv/pyvenv.cfg", "env/x.py", "conda/conda-meta/x.py")
    expected = ["a.py", "b.py", "env/x.py", "m/x.py", "z/c.ipynb", "z/d.pyi", "z/e.pyw"]
    assert found(tmp_path) == [str(tmp_path / name) for name in expected]


def test_what_is_named_is_taken_once_and_first(tmp_path: Path) -> None:
    make(tmp_path, "a.py", "b.py", "script", "sub/.hidden/x.py")
    (tmp_path / "sub" / ".hidden" / "pyvenv.cfg").touch()
    named = [tmp_path / "script", tmp_path / "b.py", tmp_path / "sub" / ".hidden"]
    assert found(*named, tmp_path) == [
        str(tmp_path / name) for name in ("script", "b.py", "sub/.hidden/x.py", "a.py")
    ]


@POSIX
def test_links_do_not_lead_in_circles(tmp_path: Path) -> None:
    make(tmp_path, "a.py", "sub/b.py")
    (tmp_path / "sub" / "up").symlink_to(tmp_path)
    (tmp_path / "same.py").symlink_to(tmp_path / "a.py")
    (tmp_path / "self.py").symlink_to(tmp_path / "self.py")
    assert found(tmp_path) == [str(tmp_path / n) for n in ("a.py", "self.py", "sub/b.py")]
    assert "symbolic links" in str(files.read(str(tmp_path / "self.py")))


@NOT_ROOT
def test_a_directory_that_cannot_be_listed_is_said(tmp_path: Path) -> None:
    make(tmp_path, "a/x.py", "b.py")
    (tmp_path / "a").chmod(0)
    try:
        other, problem = files.find([str(tmp_path)])
    finally:
        (tmp_path / "a").chmod(0o700)
    assert isinstance(problem, Problem)
    assert problem.message == "Permission denied"
    assert other == str(tmp_path / "b.py")


# -- reading -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "text", "encoding"),
    [
        (b"x = '\xc3\xa9'\r\ny = 1\r", "x = 'é'\r\ny = 1\r", "utf-8"),
        (b"\xef\xbb\xbfimport aim\n", "import aim\n", "utf-8"),
        (b"# coding: latin-1\nx = '\xe9'\n", "# coding: latin-1\nx = 'é'\n", "iso-8859-1"),
        (b"\n# -*- coding: cp1252 -*-\n'\x80'", "\n# -*- coding: cp1252 -*-\n'€'", "cp1252"),
        (b"", "", "utf-8"),
    ],
)
def test_bytes_are_decoded_as_python_does_and_come_back(
    tmp_path: Path, data: bytes, text: str, encoding: str
) -> None:
    path = tmp_path / "x.py"
    path.write_bytes(data)
    source = files.read(str(path))
    assert isinstance(source, Source)
    assert (source.text, source.encoding) == (text, encoding)
    assert source.encode(source.text) == data


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"import aim\0", "NUL"),
        ("import aim".encode("utf-16"), "NUL"),
        (b"x = '\xe9'\n", "invalid or missing encoding|not utf-8"),
        (b"# coding: klingon\n", "unknown encoding: klingon"),
        (b"# coding: rot13\nvzcbeg nvz\n", "not rot13"),
        (b"# coding: ascii\nx = '\xe9'\n", "not ascii"),
        (b"\xef\xbb\xbf# coding: latin-1\n", "encoding problem"),
        (b"\x89PNG\r\n\x1a\n\xff", "invalid|not utf-8"),
    ],
)
def test_what_is_no_text_says_so(tmp_path: Path, data: bytes, reason: str) -> None:
    path = tmp_path / "x.py"
    path.write_bytes(data)
    problem = files.read(str(path))
    assert isinstance(problem, Problem)
    assert re.search(reason, problem.message), problem.message


def test_what_is_not_there_or_not_a_file_says_so(tmp_path: Path) -> None:
    assert "No such file" in str(files.read(str(tmp_path / "gone.py")))
    assert str(files.read(str(tmp_path))).endswith("not a regular file")
    assert isinstance(files.read("\0.py"), Problem)
    assert isinstance(files.read("x" * 5000), Problem)


@POSIX
def test_pipes_and_devices_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    for path in (str(tmp_path / "pipe.py"), "/dev/zero", "/dev/stdin"):
        if path != "/dev/stdin" or not os.path.isfile(os.path.realpath(path)):
            assert str(files.read(path)).endswith("not a regular file")


def test_huge_files_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_SCRIPT_BYTES", 10)
    (tmp_path / "x.py").write_bytes(b"import aim\n")
    assert str(files.read(str(tmp_path / "x.py"))).endswith("11 bytes are more than 10: not read")


@NOT_ROOT
def test_unreadable_files_say_so(tmp_path: Path) -> None:
    make(tmp_path, "x.py")
    (tmp_path / "x.py").chmod(0)
    assert "Permission denied" in str(files.read(str(tmp_path / "x.py")))


def test_messages_stay_on_their_line() -> None:
    problem = Problem("a\n\x1b[31mb\ud800.py", "bad", "3")
    assert str(problem) == "a\\n\\x1b[31mb\\ud800.py:3: bad"


def test_lines_end_where_python_ends_them() -> None:
    assert files.split_lines("a\r\nb\rc\x0c\u2028d\n\ne") == [
        "a\r\n",
        "b\r",
        "c\x0c\u2028d\n",
        "\n",
        "e",
    ]


# -- replacing ---------------------------------------------------------------------------------


@POSIX
def test_a_file_is_replaced_with_its_mode_and_through_links(tmp_path: Path) -> None:
    make(tmp_path, "real/x.py")
    target = tmp_path / "real" / "x.py"
    target.chmod(0o754)
    (tmp_path / "link.py").symlink_to(target)
    assert files.replace(str(tmp_path / "link.py"), b"import aim\n", b"new\n") is None
    assert target.read_bytes() == b"new\n"
    assert stat.S_IMODE(target.stat().st_mode) == 0o754
    assert (tmp_path / "link.py").is_symlink()
    assert sorted(os.listdir(tmp_path / "real")) == ["x.py"]


def test_a_file_that_changed_meanwhile_is_left(tmp_path: Path) -> None:
    make(tmp_path, "x.py")
    problem = files.replace(str(tmp_path / "x.py"), b"import aim", b"new\n")
    assert "not those that were read" in str(problem)
    assert (tmp_path / "x.py").read_bytes() == b"import aim\n"


def test_bytes_that_do_not_come_back_as_they_were_are_left(tmp_path: Path) -> None:
    data = b"# coding: utf-7\nx = '+AOk-'\n"  # it would come back without the minus
    (tmp_path / "x.py").write_bytes(data)
    source = files.read(str(tmp_path / "x.py"))
    assert isinstance(source, Source)
    assert source.text.endswith("'é'\n")
    problem = files.replace(source.path, source.encode(source.text), b"new")
    assert "not those that were read" in str(problem)
    assert (tmp_path / "x.py").read_bytes() == data


def test_a_read_only_file_is_left(tmp_path: Path) -> None:
    make(tmp_path, "x.py")
    (tmp_path / "x.py").chmod(0o444)
    assert "read-only" in str(files.replace(str(tmp_path / "x.py"), b"import aim\n", b"new\n"))
    assert (tmp_path / "x.py").read_bytes() == b"import aim\n"


@NOT_ROOT
def test_a_directory_that_cannot_be_written_leaves_the_file(tmp_path: Path) -> None:
    make(tmp_path, "d/x.py")
    (tmp_path / "d").chmod(0o500)
    try:
        problem = files.replace(str(tmp_path / "d" / "x.py"), b"import aim\n", b"new\n")
    finally:
        (tmp_path / "d").chmod(0o700)
    assert "not written" in str(problem)
    assert (tmp_path / "d" / "x.py").read_bytes() == b"import aim\n"


def test_a_write_that_fails_leaves_the_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "x.py")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    problem = files.replace(str(tmp_path / "x.py"), b"import aim\n", b"new\n")
    assert str(problem).endswith("not written: No space left on device")
    assert (tmp_path / "x.py").read_bytes() == b"import aim\n"
    assert os.listdir(tmp_path) == ["x.py"]

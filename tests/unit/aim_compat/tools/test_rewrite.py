"""`aim-compat rewrite`: what changes, that nothing else does, and that it can be done again."""

from __future__ import annotations

import builtins
import io
import json
import os
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from aim_compat import _surface
from aim_compat._surface import Status
from aim_compat.cli import main
from aim_compat.tools.files import Source
from aim_compat.tools.rewrite import rewrite

pytest.importorskip("libcst", reason="the extra rewrite")

ROOT = Path(__file__).resolve().parents[4]

CHANGES = {
    "import aim": "import aim_compat as aim",
    "import aim as a": "import aim_compat as a",
    "import os, aim, sys": "import os, aim_compat as aim, sys",
    "import aim.sdk.types": "import aim_compat.sdk.types, aim_compat as aim",
    "import aim.sdk.types  # why": "import aim_compat.sdk.types, aim_compat as aim  # why",
    "import aim.sdk.types, os": "import aim_compat.sdk.types, os, aim_compat as aim",
    "import aim.sdk.run, aim.sdk.types as t": (
        "import aim_compat.sdk.run, aim_compat.sdk.types as t, aim_compat as aim"
    ),
    "import aim, aim.sdk.run": "import aim_compat as aim, aim_compat.sdk.run",
    "import aim.sdk.run as r": "import aim_compat.sdk.run as r",
    "import aim . sdk . run as r": "import aim_compat . sdk . run as r",
    "import aim, \\\n    os": "import aim_compat as aim, \\\n    os",
    "from aim import Run": "from aim_compat import Run",
    "from aim import *": "from aim_compat import *",
    "from aim import (  # c\n    Run,  # r\n    Repo as R,\n)": (
        "from aim_compat import (  # c\n    Run,  # r\n    Repo as R,\n)"
    ),
    "from  aim.sdk.run  import Run": "from  aim_compat.sdk.run  import Run",
    "if x: import aim; y = aim": "if x: import aim_compat as aim; y = aim",
    "import aim.pytorch_lightning\naim.pytorch_lightning.AimLogger()": (
        "import aim_compat.pytorch_lightning, aim_compat as aim\naim.pytorch_lightning.AimLogger()"
    ),
    "def f():\n\timport aim\n\treturn aim": "def f():\n\timport aim_compat as aim\n\treturn aim",
    "é = 'ü'; import aim; ö = aim": "é = 'ü'; import aim_compat as aim; ö = aim",
    "import importlib\nimportlib.import_module('aim.sdk')": (
        "import importlib\nimportlib.import_module('aim_compat.sdk')"
    ),
    'from importlib import import_module as im\nim(r"aim"); im("aim" ".sdk"); im(("""aim"""))': (
        "from importlib import import_module as im\n"
        'im(r"aim_compat"); im("aim_compat" ".sdk"); im(("""aim_compat"""))'
    ),
    "from importlib import import_module as im\nim('.sdk', package='aim')": (
        "from importlib import import_module as im\nim('.sdk', package='aim_compat')"
    ),
    "__import__('aim').Run": "__import__('aim_compat').Run",
    "from importlib.util import find_spec\nfind_spec('aim')": (
        "from importlib.util import find_spec\nfind_spec('aim_compat')"
    ),
    "import pytest\naim = pytest.importorskip('aim')": (
        "import pytest\naim = pytest.importorskip('aim_compat')"
    ),
    # what Aim's documentation spells wrongly
    "from aim.sdk.metric import Metric": "from aim_compat.sdk.sequences.metric import Metric",
    "from aim import Distribution\nDistribution(distribution=[1])": (
        "from aim_compat import Distribution\nDistribution(samples=[1])"
    ),
    # what uses aim_compat already, beside Aim
    "import aim_compat\naim_compat.install()\nimport aim.sdk.run": (
        "import aim_compat\naim_compat.install()\n"
        "import aim_compat.sdk.run as _aim_sdk_run, aim_compat as aim"
    ),
}

STAYS = [
    "import aim_compat as aim",
    "from aim_compat.sdk.run import Run",
    "from . import aim",
    "from .aim import Run",
    "from ..aim.sdk import Run",
    "import aimless, my.aim",
    "text = 'import aim'",
    '"""import aim"""',
    "aim = 3",
    "import importlib\nimportlib.import_module('aim_compat.sdk')",
    "def Distribution(distribution): ...\nDistribution(distribution=[1])",
    "",
]


def rewritten(text: str) -> str:
    done = rewrite(Source("x.py", text))
    assert done.problems == []
    return done.text


@pytest.mark.parametrize("text", CHANGES)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False], ids=["ended", "open"])
def test_what_changes(text: str, end: str, last: bool) -> None:
    before, after = (f"# ü\n{each}" + "\n" * last for each in (text, CHANGES[text]))
    assert rewritten(before.replace("\n", end)) == after.replace("\n", end)
    assert rewritten(after.replace("\n", end)) == after.replace("\n", end)


@pytest.mark.parametrize("text", STAYS)
def test_what_stays(text: str) -> None:
    assert rewritten(text) == text


def test_a_keyword_is_renamed_only_where_it_is_surely_aim_s() -> None:
    text = """\
        try:
            from aim import Distribution
        except ImportError:
            from mine import Distribution
        Distribution(distribution=[1])
        """
    assert "distribution=[1]" in rewritten(textwrap.dedent(text))


@pytest.mark.parametrize(
    ("line", "remark"),
    [
        ("patch('aim.Run.track')", "the string 'aim.Run.track' is left as it is"),
        ("sys.modules['aim']", "the string 'aim' is left as it is"),
        ("importlib.import_module(f'aim.{x}')", "the module's name is computed"),
        ("importlib.import_module('ai' 'm.sdk')  # aim", "this string is not understood"),
    ],
)
def test_what_is_left_is_said(line: str, remark: str) -> None:
    text = f"import sys, importlib\nfrom unittest.mock import patch\n{line}\n"
    done = rewrite(Source("x.py", text))
    assert not done.is_changed
    (said,) = done.remarks
    assert said.startswith(f"x.py:3: {remark}")


def test_a_module_of_one_s_own_called_aim_is_respected(tmp_path: Path) -> None:
    (tmp_path / "aim.py").touch()
    done = rewrite(Source(str(tmp_path / "x.py"), "import aim\n"))
    assert not done.is_changed
    assert str(tmp_path / "aim.py") in done.remarks[0]
    (tmp_path / "__init__.py").touch()  # then it is a module beside it, not the one imported
    assert rewrite(Source(str(tmp_path / "x.py"), "import aim\n")).is_changed


# -- files -----------------------------------------------------------------------------------------


def test_nothing_is_written_unless_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "train.py"
    path.write_bytes(b"import aim\nrun = aim.Run()")
    assert main(["rewrite", str(path)]) == 0
    out, err = capsys.readouterr()
    assert out == (
        f"--- {path}\n+++ {path}\n@@ -1,2 +1,2 @@\n-import aim\n+import aim_compat as aim\n"
        " run = aim.Run()\n\\ No newline at end of file\n"
    )
    assert err == "aim-compat: 1 file to change; nothing is written without --write\n"
    assert path.read_bytes() == b"import aim\nrun = aim.Run()"
    assert main(["rewrite", str(path), "--write"]) == 0
    assert capsys.readouterr().err == "aim-compat: 1 file changed\n"
    assert path.read_bytes() == b"import aim_compat as aim\nrun = aim.Run()"
    before = path.stat()
    assert main(["rewrite", "--write", str(path)]) == 0
    assert capsys.readouterr() == ("", "aim-compat: 0 files changed\n")
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no patch on Windows")
def test_the_diff_is_one_that_patch_takes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "x = 1\r\nimport aim\r\n" + "y = 2\n" * 20 + "from aim import Run\nz = 3"
    for name in ("x.py", "y.py"):
        (tmp_path / name).write_bytes(text.encode())
    main(["rewrite", str(tmp_path / "x.py")])
    patch = capsys.readouterr().out.replace("x.py", "y.py")
    subprocess.run(
        ["git", "apply", "--unsafe-paths", "-p0", "--directory=", "-"],
        input=patch.replace(f"{tmp_path}/", "").encode(),
        cwd=tmp_path,
        check=True,
    )
    main(["rewrite", "--write", str(tmp_path / "x.py")])
    assert (tmp_path / "y.py").read_bytes() == (tmp_path / "x.py").read_bytes()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"\xef\xbb\xbfimport aim\n", b"\xef\xbb\xbfimport aim_compat as aim\n"),
        (
            b"# coding: latin-1\nx = '\xe9'; import aim\n",
            b"# coding: latin-1\nx = '\xe9'; import aim_compat as aim\n",
        ),
        (b"#!/bin/sh\r\n\x0cimport aim\r\n", b"#!/bin/sh\r\n\x0cimport aim_compat as aim\r\n"),
        (b"x = 1\rimport aim\r\ny = 2\n", b"x = 1\rimport aim_compat as aim\r\ny = 2\n"),
        (
            b"# coding: koi8-r\n#\xc1\nimport aim",
            b"# coding: koi8-r\n#\xc1\nimport aim_compat as aim",
        ),
    ],
)
def test_encoding_marks_and_line_ends_stay(tmp_path: Path, before: bytes, after: bytes) -> None:
    path = tmp_path / "x.py"
    path.write_bytes(before)
    assert main(["rewrite", "--write", str(path)]) == 0
    assert path.read_bytes() == after


@pytest.mark.skipif(sys.platform == "win32", reason="modes and links of POSIX")
def test_modes_and_links_stay(tmp_path: Path) -> None:
    target = tmp_path / "real" / "x.py"
    target.parent.mkdir()
    target.write_bytes(b"import aim\n")
    target.chmod(0o755)
    (tmp_path / "link.py").symlink_to(target)
    assert main(["rewrite", "--write", str(tmp_path)]) == 0
    assert target.read_bytes() == b"import aim_compat as aim\n"
    assert stat.S_IMODE(target.stat().st_mode) == 0o755
    assert (tmp_path / "link.py").is_symlink()


def test_what_cannot_be_changed_is_left_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = {
        "python2.py": b"import aim\nprint 'x'\n",
        "nul.py": b"import aim\n\0",
        "bytes.py": b"import aim\nx = '\xff'\n",
        "cookie.py": b"# coding: klingon\nimport aim\n",
        "utf7.py": b"# coding: utf-7\nimport aim\nx = '+AOk-'\n",
        "deep.py": b"import aim\nx = " + b"-" * 100_000 + b"1\n",
        "broken.ipynb": b'{"cells": [aim',
        "readonly.py": b"import aim\n",
    }
    for name, data in bad.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "readonly.py").chmod(0o444)
    (tmp_path / "good.py").write_bytes(b"import aim\n")
    assert main(["rewrite", "--write", str(tmp_path), str(tmp_path / "gone.py")]) == 1
    err = capsys.readouterr().err
    for name, data in bad.items():
        assert (tmp_path / name).read_bytes() == data
        assert f"{tmp_path / name}:" in err
    assert "gone.py: No such file" in err
    assert err.endswith("aim-compat: 1 file changed; 9 could not be dealt with\n")
    assert (tmp_path / "good.py").read_bytes() == b"import aim_compat as aim\n"
    assert sorted(os.listdir(tmp_path)) == sorted([*bad, "good.py"])


@pytest.mark.parametrize(
    ("arguments", "out"),
    [
        (["--write"], "# é\r\nimport aim_compat as aim\r\n"),
        ([], "--- -\n+++ -\n@@ -1,2 +1,2 @@\n # é\r\n-import aim\r\n+import aim_compat as aim\r\n"),
    ],
)
def test_standard_input_goes_to_standard_output(arguments: list[str], out: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "aim_compat", "rewrite", "-", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        input="# é\r\nimport aim\r\n".encode(),
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode() == out


def test_standard_input_that_is_no_python_comes_back_as_it_was(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"import aim\nprint 'x'\n")))
    assert main(["rewrite", "--write", "-"]) == 1
    assert capfdbinary.readouterr().out == b"import aim\nprint 'x'\n"


def test_without_libcst_the_error_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.py").write_text("import aim\n", "utf-8")
    real = builtins.__import__

    def without(name: str, *rest: object) -> object:
        if name.partition(".")[0] == "libcst":
            raise ModuleNotFoundError("No module named 'libcst'", name="libcst")
        return real(name, *rest)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(builtins, "__import__", without)
    assert main(["rewrite", str(tmp_path)]) == 1
    assert "pip install 'matyan-client[rewrite]'" in capsys.readouterr().err
    assert main(["check", str(tmp_path)]) == 0


# -- notebooks -------------------------------------------------------------------------------------


def test_notebooks_change_line_by_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def cell(source: str | list[str], kind: str = "code") -> dict[str, object]:
        return {"cell_type": kind, "metadata": {}, "outputs": [], "source": source}

    before = [
        cell(["import aim\n"], "markdown"),
        cell(["%load_ext aim\n", "!aim init\n", "import aim\n", "run = aim.Run()  # é"]),
        cell("from aim import Image\n%time run.track(1)"),
        cell("print 'x'\nimport aim"),
        cell("%%bash\nimport aim"),
    ]
    extension = _surface.find("aim", "load_ipython_extension")
    assert extension is not None
    loaded = "aim" if extension.status is Status.ABSENT else "aim_compat"
    after = [
        before[0],
        cell(
            [
                f"%load_ext {loaded}\n",
                "!aim init\n",
                "import aim_compat as aim\n",
                "run = aim.Run()  # é",
            ]
        ),
        cell("from aim_compat import Image\n%time run.track(1)"),
        *before[3:],
    ]
    path = tmp_path / "x.ipynb"
    texts = [
        json.dumps({"cells": cells, "metadata": {}, "nbformat": 4}, indent=2, ensure_ascii=False)
        for cells in (before, after)
    ]
    path.write_text(texts[0], "utf-8")
    for _ in range(2):
        assert main(["rewrite", "--write", str(path)]) == 1  # a cell cannot be read
        assert path.read_text("utf-8") == texts[1]
    err = capsys.readouterr().err
    assert f"{path}:cell 4:1: not Python" in err
    assert f"{path}:cell 2:2: not Python, left as it is: aim init" in err

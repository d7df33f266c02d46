"""`python -m aim_compat`: scripts run as `python` runs them, and Aim's commands."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import pytest

from aim_compat import _surface
from aim_compat.cli import main

ROOT = Path(__file__).resolve().parents[3]
OURS = ("-m", "aim_compat", "run")
SCRIPT = ("script.py", "script")

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")


@pytest.fixture(autouse=True)
def _at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty directory, with this checkout importable in children."""
    for name in ("AIM_REPO", "MATYAN_BACKEND_URL", "AIM_COMPAT_REDIRECT", "AIM_COMPAT_INSTALL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.chdir(tmp_path)


def write(name: str, text: str) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


def python(*args: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *args], input=stdin, capture_output=True, text=True, check=False
    )


def neutral(text: str) -> str:
    """Standard error without the name of the program that complains."""
    return text.replace(f"{sys.executable}: ", "").replace("aim-compat: ", "")


# -- run: as python does -----------------------------------------------------------------------

SHOW = """\
\"\"\"What a program sees of itself.\"\"\"
import sys
print(__name__, __doc__, __package__, sys.argv, sys.path[0])
print(globals().get("__file__"), __spec__ and __spec__.name, type(__loader__).__name__)
print(sorted(name for name in globals() if name.startswith("__")))
assert sys.modules["__main__"].__dict__ is globals()
"""


@pytest.mark.parametrize(
    "args",
    [
        ("show.py", "a", "--flag", "-m"),
        ("sub/show.py",),
        ("-m", "package.module", "x"),
        ("-mpackage.module", "x"),
        ("-m", "package", "--", "y"),
        ("packed", "z"),
        ("packed.zip",),
        ("-c", "import sys; print(sys.argv, sys.path[0], __name__)", "q", "-c"),
        ("-", "s"),
    ],
    ids=lambda args: " ".join(args)[:20],
)
def test_a_program_sees_what_python_shows_it(args: tuple[str, ...]) -> None:
    for name in ("show.py", "sub/show.py", "package/module.py", "package/__main__.py"):
        write(name, SHOW)
    write("package/__init__.py", "")
    write("packed/__main__.py", "import sys; print(__name__, sys.argv, sys.path[0])")
    with zipfile.ZipFile("packed.zip", "w") as archive:
        archive.write("packed/__main__.py", "__main__.py")
    stdin = "import sys; print(sys.argv, sys.path[0], __name__)" if args[0] == "-" else ""
    expected, found = python(*args, stdin=stdin), python(*OURS, *args, stdin=stdin)
    assert expected.returncode == found.returncode == 0, found.stderr
    assert found.stdout == expected.stdout
    assert found.stderr == expected.stderr


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("import sys; sys.exit(7)", 7),
        ("import sys; sys.exit()", 0),
        ("import sys; sys.exit('message')", 1),
        ("raise SystemExit(True)", 1),
        ("def f():\n    raise ValueError('boo')\nf()\n", 1),
        ("try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise KeyError(1) from e\n", 1),
        ("import missing_module_x", 1),
        ("def f(:\n", 1),
        ("import atexit\natexit.register(print, 'at exit')\nraise ValueError('x')", 1),
        ("import sys\nsys.excepthook = lambda *a: print('hook', a[1])\nraise ValueError('x')", 1),
    ],
)
def test_endings_are_those_of_python(text: str, code: int) -> None:
    write("script.py", text)
    expected, found = python("script.py"), python(*OURS, "script.py")
    assert found.returncode == expected.returncode == code
    assert found.stdout == expected.stdout
    assert found.stderr == expected.stderr  # to the letter: no frame of ours in it


@posix
@pytest.mark.parametrize("as_module", [False, True])
def test_an_interrupt_ends_a_program_as_it_ends_python(as_module: bool) -> None:
    # A process started in the background of a shell ignores SIGINT, and so do its children.
    text = """
    import atexit, os, signal, time
    signal.signal(signal.SIGINT, signal.default_int_handler)
    atexit.register(print, "at exit")
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(60)
    """
    write("script.py", text)
    expected, found = python("script.py"), python(*OURS, *(("-m",) * as_module), SCRIPT[as_module])
    assert found.returncode == expected.returncode == -signal.SIGINT
    assert found.stdout == expected.stdout == "at exit\n"
    assert found.stderr == expected.stderr


@posix
def test_sigterm_finishes_the_run_and_ends_the_program() -> None:
    text = """
    import os, signal, time
    from aim import Run
    run = Run(system_tracking_interval=None)
    run.track(1, name="loss")
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)
    """
    write("script.py", text)
    assert python(*OURS, "script.py").returncode == -signal.SIGTERM
    from aim_compat import Repo

    [run] = Repo(".").iter_runs()
    assert run.end_time is not None
    assert [metric.values.values_list() for metric in run.metrics()] == [[1.0]]


def test_threads_are_waited_for_as_python_does() -> None:
    text = """
    import sys, threading, time
    threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
    threading.Thread(target=lambda: (time.sleep(0.1), print("done"))).start()
    sys.exit(3)
    """
    write("script.py", text)
    found = python(*OURS, "script.py")
    assert (found.returncode, found.stdout) == (3, "done\n")


@pytest.mark.parametrize(
    "args",
    [
        ("missing.py",),
        ("-m", "missing_x"),
        ("-m", "missing_x.y"),
        ("-m", "package"),
        ("-m", "package.missing"),
        ("package",),
    ],
    ids=lambda args: " ".join(args),
)
def test_what_cannot_be_run_is_said_as_python_says_it(args: tuple[str, ...]) -> None:
    write("package/__init__.py", "")
    expected, found = python(*args), python(*OURS, *args)
    assert found.returncode == expected.returncode != 0
    assert neutral(found.stderr) == neutral(expected.stderr)


def test_imports_beside_the_script_and_in_its_package() -> None:
    write("elsewhere/helper.py", "import aim\nNAME = aim.__name__")
    write("elsewhere/script.py", "import helper; print(helper.NAME)")
    write("package/__init__.py", "")
    write("package/helper.py", "from aim import Text\nNAME = Text('t').data")
    write("package/module.py", "from .helper import NAME; print(NAME)")
    assert python(*OURS, "elsewhere/script.py").stdout == "aim_compat\n"
    assert python(*OURS, "-m", "package.module").stdout == "t\n"


def test_deprecations_in_the_script_are_shown() -> None:
    write("script.py", "import warnings; warnings.warn('old', DeprecationWarning)")
    assert "old" in python(*OURS, "script.py").stderr


# -- run: children -----------------------------------------------------------------------------

CHILDREN = """
import multiprocessing
import aim

def work(number):
    import aim
    return number, aim.__name__, aim.sdk.types.QueryReportMode.__module__

if __name__ == "__main__":
    context = multiprocessing.get_context(METHOD)
    with context.Pool(2) as pool:
        print(pool.map(work, [1, 2]))
"""

METHODS = ["spawn"] if sys.platform == "win32" else ["fork", "spawn", "forkserver"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("as_module", [False, True])
def test_worker_processes_know_aim(method: str, as_module: bool) -> None:
    write("script.py", CHILDREN.replace("METHOD", repr(method)))
    found = python(*OURS, *(("-m", "script") if as_module else ("script.py",)))
    assert found.returncode == 0, found.stderr
    workers = [(number, "aim_compat", "aim_compat.types") for number in (1, 2)]
    assert found.stdout == f"{workers}\n"


def test_other_pythons_that_a_script_starts_know_aim() -> None:
    script = """
    import subprocess, sys
    subprocess.run([sys.executable, "-c", "import aim; print(aim.__name__)"], check=True)
    subprocess.run([sys.executable, "child.py"], check=True)
    """
    write("script.py", script)
    write("child.py", "import subprocess, sys; subprocess.run([sys.executable, 'grandchild.py'])")
    write("grandchild.py", "from aim.sdk.errors import MissingRunError as E; print(E.__module__)")
    assert python(*OURS, "script.py").stdout == "aim_compat\naim_compat.errors\n"


def test_a_checkout_is_found_by_children_whatever_the_path(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("PYTHONPATH")
    write("script.py", "import subprocess, sys; subprocess.run([sys.executable, 'child.py'])")
    write("child.py", "import aim; print(aim.__name__)")
    script = Path("script.py").resolve()
    found = subprocess.run(
        [sys.executable, *OURS, str(script)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
        env={**os.environ, "PYTHONPATH": ""},
    )
    assert "can't open file" in found.stderr  # child.py: relative to the working directory
    script.write_text(
        script.read_text().replace("'child.py'", repr(str(script.with_name("child.py"))))
    )
    found = subprocess.run(
        [sys.executable, *OURS, str(script)], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert found.stdout == "aim_compat\n", found.stderr


def test_a_sitecustomize_of_the_user_still_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    write("custom/sitecustomize.py", "import os; os.environ['CUSTOM'] = 'ran'; WHO = 'user'")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path("custom").resolve()), str(ROOT)]))
    child = "import aim, os, sitecustomize as s; print(aim.__name__, os.environ['CUSTOM'], s.WHO)"
    write("script.py", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])")
    assert python(*OURS, "script.py").stdout == "aim_compat ran user\n"


POOL = """
import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor

from aim import Repo, Run

HERE = os.path.abspath("runs")
QUIET = {"repo": HERE, "system_tracking_interval": None, "capture_terminal_logs": False}


def work(task):
    run_hash, number = task
    run = Run(run_hash, **QUIET)
    run.track(float(number), name=f"of worker {number}")
    run["worker", number] = number
    run.close()
    return run.hash


if __name__ == "__main__":
    run = Run(repo=HERE)
    print("a line that is captured")
    run.track(0.5, name="of parent")
    assert list(run.metrics())  # other processes see a run within a second; what is read, at once
    context = multiprocessing.get_context(sys.argv[1])
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        hashes = list(pool.map(work, [(run.hash, 1), (run.hash, 2), (None, 3)]))
    run.track(0.6, name="of parent")
    run.close()
    assert hashes[:2] == [run.hash] * 2
    again = Run(run.hash, repo=HERE, read_only=True)
    print(len(Repo(HERE).list_all_runs()), again["worker"])
    print(sorted(m.name for m in again.metrics() if not m.name.startswith("__system__")))
    print([m.values.values_list() for m in again.metrics() if m.name == "of parent"])
"""


@pytest.mark.parametrize("method", METHODS)
def test_parent_and_worker_processes_write_one_run(method: str) -> None:
    write("script.py", POOL)
    found = python(*OURS, "script.py", method)
    assert found.returncode == 0, found.stderr
    assert found.stdout.splitlines()[1:] == [
        "2 {1: 1, 2: 2}",
        "['of parent', 'of worker 1', 'of worker 2']",
        "[[0.5, 0.6]]",
    ]


def test_loky_workers_write_runs() -> None:
    text = """
    from joblib import Parallel, delayed
    from aim import Repo, Run

    def work(number):
        run = Run(repo="runs", experiment=str(number), capture_terminal_logs=False)
        run.close()
        return run.hash

    if __name__ == "__main__":
        hashes = Parallel(n_jobs=2, backend="loky")(delayed(work)(i) for i in range(3))
        print(sorted(run.experiment for run in Repo("runs").iter_runs() if run.hash in hashes))
    """
    write("script.py", text)
    found = python(*OURS, "script.py")
    assert found.stdout == "['0', '1', '2']\n", found.stderr


def test_a_launcher_that_starts_one_python_for_each_rank() -> None:
    launcher = """
    import os, subprocess, sys
    ranks = [
        subprocess.Popen(
            [sys.executable, "-u", *sys.argv[1:]],
            env={**os.environ, "RANK": str(rank), "WORLD_SIZE": "2"},
        )
        for rank in range(2)
    ]
    sys.exit(max(rank.wait() for rank in ranks))
    """
    script = """
    import os, sys
    from aim import Run
    run = Run(repo="runs", experiment=f"rank {os.environ['RANK']}")
    run["arguments"] = sys.argv[1:]
    run.track(1.0, name="loss", context={"of": int(os.environ["WORLD_SIZE"])})
    """
    write("launch.py", launcher)
    write("script.py", script)
    found = python(*OURS, "-m", "launch", "script.py", "--lr", "0.1")
    assert found.returncode == 0, found.stderr
    from aim_compat import Repo

    runs = sorted(Repo("runs").iter_runs(), key=lambda run: run.experiment or "")
    assert [run.experiment for run in runs] == ["rank 0", "rank 1"]
    assert all(run["arguments"] == ["--lr", "0.1"] for run in runs)


def test_a_program_that_replaces_itself() -> None:
    text = """
    import os, sys
    if len(sys.argv) == 1:
        os.execv(sys.executable, [sys.executable, __file__, "again"])
    import aim; print(aim.__name__)
    """
    write("script.py", text)
    found = python(*OURS, "script.py")
    if sys.platform != "win32":  # there the new process is not waited for
        assert found.stdout == "aim_compat\n", found.stderr


@pytest.mark.parametrize(
    ("option", "inherits"),
    [("-E", False), ("-I", False), ("-S", False), ("-s", True), ("-OO", True), ("-Werror", True)],
)
def test_pythons_that_ignore_the_environment_do_not_inherit(option: str, inherits: bool) -> None:
    code = "import importlib.util as i; print(i.find_spec('aim') is not None)"
    write(
        "script.py",
        f"import subprocess, sys; subprocess.run([sys.executable, {option!r}, '-c', {code!r}])",
    )
    assert python(*OURS, "script.py").stdout == f"{inherits}\n"


def test_pytest_and_its_plugins(tmp_path: Path) -> None:
    write("tracking_plugin.py", "import aim\ndef pytest_report_header(): return aim.__name__ + '!'")
    write(
        "test_it.py",
        "def test_it():\n    from aim import Run\n    assert Run.__module__ == 'aim_compat.run'",
    )
    found = python(*OURS, "-m", "pytest", "-p", "tracking_plugin", "test_it.py")
    assert found.returncode == 0, found.stdout
    assert "aim_compat!" in found.stdout


# -- commands ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "args", [[], ["--help"], ["run", "--help"], ["run"], ["run", "-m"], ["run", "-x"]]
)
def test_help(args: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code = main(args)
    except SystemExit as exc:  # argparse
        code = exc.code if isinstance(exc.code, int) else 1
    shown = capsys.readouterr()
    assert code == (0 if "--help" in args else 2)
    assert "usage: aim-compat" in (shown.out if code == 0 else shown.err)


def test_surface(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["surface", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == len(_surface.rows())
    assert main(["surface", "--markdown"]) == 0
    assert capsys.readouterr().out.startswith("# Compatibility with Aim\n")
    assert main(["surface"]) == 0
    assert "absent     aim.ext.sshfs  mount the directory" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version"]) == 0
    assert capsys.readouterr().out.startswith("Aim v3.29.1")


@pytest.mark.parametrize(
    "args",
    [
        ["up", "--host", "0.0.0.0", "-p", "80"],
        ["server"],
        ["convert", "tensorboard", "--logdir", "x"],
        ["runs", "upload", "bucket"],
    ],
    ids=lambda args: " ".join(args[:2]),
)
def test_commands_that_are_elsewhere_say_where(
    args: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(args) == 2
    assert capsys.readouterr().err.startswith("aim-compat: `aim ")


def made_runs(count: int, repo: str | None = None) -> list[str]:
    """Hashes of new, finished runs."""
    from aim_compat import Run

    hashes = []
    for _ in range(count):
        run = Run(repo=repo, system_tracking_interval=None, capture_terminal_logs=False)
        run.track(1.0, name="loss")
        hashes.append(run.hash)
        run.close()
    return hashes


def test_init_list_and_remove(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def command(*args: str) -> str:
        assert main(args) == 0
        return capsys.readouterr().out

    assert command("init").startswith("Initialized a new")
    hashes = made_runs(3)
    assert command("init", "--skip-if-exists").startswith("Repo exists")
    assert main(["init", "-y", "-s"]) == 1
    assert "contradict" in capsys.readouterr().err
    shown, total = command("runs", "ls").splitlines()
    assert sorted(shown.split("\t")) == sorted(hashes)
    assert total == "Total 3 runs."
    assert command("runs", "ls", "--corrupted").endswith("Total 0 runs.\n")
    assert command("runs", "rm", "--corrupted", "-y") == "No matching runs found.\n"
    assert command("runs", "rm", "-y", "nobody*") == "No matching runs found.\n"
    assert main(["runs", "rm", "-y", "nobody", hashes[0]]) == 1
    assert "no run has the hash 'nobody'" in capsys.readouterr().err
    assert main(["runs", "rm", "-y"]) == 1
    assert command("runs", "rm", "-y", hashes[0]) == "Successfully deleted 1 runs.\n"
    monkeypatch.setattr("sys.stdin", io.StringIO())  # nobody answers
    assert main(["runs", "rm", "*"]) == 1
    assert command("runs", "--repo", ".", "rm", "-y", "*") == "Successfully deleted 2 runs.\n"
    assert command("runs", "ls").endswith("Total 0 runs.\n")
    assert command("init", "-y").startswith("Re-initialized empty")


def test_copy_and_move(capsys: pytest.CaptureFixture[str]) -> None:
    from aim_compat import Repo

    hashes = made_runs(2, "here")
    assert main(["runs", "--repo", "here", "cp", "--destination", "there", hashes[0]]) == 1
    assert "there" in capsys.readouterr().err  # it must be there, as in Aim
    assert main(["init", "--repo", "there"]) == 0
    assert main(["runs", "--repo", "here", "cp", "--destination", "there", hashes[0]]) == 0
    assert capsys.readouterr().out.endswith("Successfully copied 1 runs.\n")
    assert (
        main(["runs", "--repo", "here", "mv", "--destination", "there", hashes[1][:6] + "*"]) == 0
    )
    assert Repo("here").list_all_runs() == [hashes[0]]
    assert sorted(Repo("there").list_all_runs()) == sorted(hashes)
    moved = Repo("there").get_run(hashes[1])
    assert moved is not None
    assert [metric.name for metric in moved.metrics()] == ["loss"]
    assert main(["runs", "--repo", "here", "mv", "--destination", "there"]) == 1
    assert main(["runs", "--repo", "here", "cp", "--destination", "there", "nobody"]) == 1


@pytest.mark.parametrize(
    "args",
    [
        ["runs", "close", "-y", "HASH"],
        ["runs", "update-metrics", "-y"],
        ["storage", "reindex", "-y"],
        ["storage", "--repo", ".", "prune"],
        ["storage", "upgrade", "3.11+", "-y", "*"],
    ],
    ids=lambda args: " ".join(args[:3]),
)
def test_upkeep_that_is_not_needed_succeeds(
    args: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    run_hash = made_runs(1)[0]
    assert main([run_hash if arg == "HASH" else arg for arg in args]) == 0
    assert capsys.readouterr().out.startswith("Nothing to ")
    assert main(["runs", "ls"]) == 0
    assert run_hash in capsys.readouterr().out


@pytest.mark.parametrize(
    "args", [["runs", "close", "-y"], ["runs", "close", "x"], ["storage", "restore", "-y", "*"]]
)
def test_upkeep_that_cannot_be_done_fails(
    args: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    made_runs(1)
    assert main(args) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_a_repository_that_is_not_there_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["runs", "ls"], ["storage", "reindex"], ["runs", "rm", "-y", "*"]):
        assert main([command[0], "--repo", "nowhere", *command[1:]]) == 1
        assert capsys.readouterr().err.count("\n") == 1
    assert not Path("nowhere").exists()


def test_the_entry_point_of_aim(capsys: pytest.CaptureFixture[str]) -> None:
    from aim_compat._aliases import resolve

    entry = resolve("aim.cli.cli", "cli_entry_point")
    assert entry(["version"], standalone_mode=False) == 0
    with pytest.raises(SystemExit) as ended:
        entry.main(args=["runs", "--repo", "nowhere", "ls"], prog_name="aim")
    assert ended.value.code == 1
    assert capsys.readouterr().out.startswith("Aim v3.29.1")
    code = "import sys; sys.argv = ['aim', 'version']; from aim.cli.cli import cli_entry_point as e"
    found = python(*OURS, "-c", f"{code}; e()")
    assert (found.returncode, found.stdout[:11]) == (0, "Aim v3.29.1"), found.stderr


def test_the_command_aim_of_a_script_is_ours() -> None:
    write(
        "script.py",
        """
        import shutil, subprocess, sys
        def aim(*args):
            done = subprocess.run(["aim", *args], capture_output=True, text=True, shell=SHELL)
            print(done.returncode, done.stdout.strip().splitlines()[-1:])
        SHELL = sys.platform == "win32"
        aim("init", "--skip-if-exists")
        import aim as package
        package.Run(capture_terminal_logs=False).close()
        aim("runs", "ls")
        aim("version")
        """,
    )
    done = python(*OURS, "script.py")
    assert done.returncode == 0, done.stderr
    first, second, third = done.stdout.splitlines()
    assert first.startswith("0 ['Initialized a new Aim repository")
    assert second == "0 ['Total 1 runs.']"
    assert third.startswith("0 ['Aim v3.29.1")

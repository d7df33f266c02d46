"""A rewritten script does what the original does, started by `aim-compat run`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from aim_compat.cli import main

pytest.importorskip("libcst", reason="the extra rewrite")

ROOT = Path(__file__).resolve().parents[4]

QUIET = "system_tracking_interval=None, capture_terminal_logs=False"

SCRIPTS = {
    "training": """
        import argparse
        import aim
        from aim import Image as AimImage, Text

        class Trainer:
            def __init__(self, repo):
                self.run = aim.Run(repo=repo, experiment="exp", QUIET)
                self.run["hparams"] = {"lr": 0.1, "layers": [1, 2]}

            def fit(self):
                for step in range(3):
                    context = {"subset": "train"}
                    self.run.track(1 / (step + 1), name="loss", step=step, context=context)
                self.run.track(Text("done"), name="note")
                self.run.close()

        if __name__ == "__main__":
            Trainer(".").fit()
        """,
    "submodules and imports by text": """
        import importlib
        import aim.sdk.types
        import aim.sdk.objects.text as texts
        from aim.storage.context import Context

        run_module = importlib.import_module("aim.sdk.run")

        def main():
            import aim.sdk.repo
            run = run_module.Run(repo=".", QUIET)
            run.track(texts.Text("a"), name="t", context=Context({"k": 1}).to_dict())
            run.track(2.5, name="m")
            run["mode"] = aim.sdk.types.QueryReportMode.DISABLED.name
            run.close()
            mode = aim.sdk.types.QueryReportMode.DISABLED
            found = aim.sdk.repo.Repo(".").query_metrics("metric.name == 'm'", report_mode=mode)
            print([m.data.numpy()[1][0].tolist() for m in found])

        main()
        """,
    "optional and star": """
        try:
            from aim import *
            HAS_AIM = True
        except ImportError:
            HAS_AIM = False
        import importlib.util
        assert HAS_AIM and importlib.util.find_spec("aim")
        run = Run(repo=".", QUIET)
        run.name, run.description = "a", "b"
        run.add_tag("t")
        run.track({"x": 1, "y": 2}, context={"a": "b"})
        run.close()
        """,
}

READ = """
import json, sys
from aim_compat import Repo

content = []
for run in Repo(sys.argv[1]).iter_runs():
    params = {key: value for key, value in run[...].items() if not key.startswith("__")}
    name = run.name if len(run.name) == 1 else "made up"
    content.append([run.experiment, name, run.tags, params])
    points = []
    for metric in run.metrics():
        steps, columns = metric.data.items_list()
        points.append([metric.name, metric.context.to_dict(), steps, columns[0][0]])
    content.append(sorted(points))
    info = run.collect_sequence_info(("texts",))
    content.append([[each["name"], each["context"]] for each in info["texts"]])
print(json.dumps(content))
"""


def python(directory: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("title", SCRIPTS)
def test_a_rewritten_script_records_what_the_original_does(title: str, tmp_path: Path) -> None:
    text = textwrap.dedent(SCRIPTS[title]).replace("QUIET", QUIET)
    outputs, contents = [], []
    for kind in ("original", "rewritten"):
        directory = tmp_path / kind
        directory.mkdir()
        script = directory / "train.py"
        script.write_text(text, "utf-8")
        if kind == "rewritten":
            assert main(["rewrite", "--write", str(script)]) == 0
            assert "import aim\n" not in script.read_text("utf-8")
            outputs.append(python(directory, "train.py"))
        else:
            outputs.append(python(directory, "-m", "aim_compat", "run", "train.py"))
        contents.append(json.loads(python(directory, "-c", READ, ".")))
    assert outputs[0] == outputs[1]
    assert contents[0] == contents[1]
    assert contents[0][1], "nothing was recorded: the script proves nothing"


@pytest.mark.skipif(shutil.which("git") is None, reason="walks what git has checked out")
def test_our_own_sources_stay_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever is in them, docs about Aim among it, `aim_compat` imports no aim."""
    assert main(["rewrite", str(ROOT / "aim_compat"), str(ROOT / "matyan_client")]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err.endswith("aim-compat: 0 files to change\n")

"""Scripts written for Aim, unedited, on deployments: what they print is what they print at home."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.timeout(180)

EXAMPLES = Path(__file__).parents[2] / "examples"
SCRIPT = """
from aim import Run, Repo
run = Run(repo="./exp", experiment="script", capture_terminal_logs=False)
run["hparams"] = {"lr": 0.5}
for step in range(5):
    run.track(step * 2.0, name="loss", step=step, context={"subset": "train"})
run.close()
repo = Repo("./exp")
for found in repo.query_metrics("metric.name == 'loss' and run.experiment == 'script'").iter():
    print(found.run["hparams", "lr"], found.values.values_list())
print(len(Repo.from_path("./exp").list_all_runs()) > 0)
"""


def without_chance(said: str) -> list[str]:
    """What a script printed, without hashes, places and durations."""
    lines = [re.sub(r"[0-9a-f]{24,32}|https?://\S+|/\S+", "<>", line) for line in said.splitlines()]
    return [re.sub(r"\d+(\.\d+)? ?s(econds)?\b", "<>", line) for line in lines]


@pytest.mark.parametrize("server", ["served", "real"])
def test_the_example_with_a_redirect(
    server: str, deployments: Callable[[str], Any], run_script: Callable[..., str], tmp_path: Path
) -> None:
    script, home = str(EXAMPLES / "digits_aim.py"), tmp_path / "home"
    home.mkdir()
    command = (sys.executable, "-m", "aim_compat", "run", script, "--epochs", "2")
    deployment = deployments(server)
    at_home = run_script(deployment, *command, cwd=home, env={"MATYAN_BACKEND_URL": str(home)})
    away = run_script(
        deployment,
        *command,
        cwd=tmp_path,
        env={"AIM_COMPAT_REDIRECT": deployment.backend_url},
    )
    assert without_chance(away) == without_chance(at_home)
    assert not (tmp_path / ".matyan").exists()


@pytest.mark.parametrize("server", ["served", "real"])
@pytest.mark.parametrize("scheme", ["http", "aim"])
def test_a_hard_coded_path_goes_where_it_is_led(
    server: str,
    scheme: str,
    deployments: Callable[[str], Any],
    run_script: Callable[..., str],
    tmp_path: Path,
) -> None:
    (tmp_path / "train.py").write_text(SCRIPT)
    deployment = deployments(server)
    target = deployment.backend_url.replace("http", scheme, 1)
    said = run_script(
        deployment,
        sys.executable,
        "-m",
        "aim_compat",
        "run",
        "train.py",
        cwd=tmp_path,
        env={"AIM_COMPAT_REDIRECT": target},
    )
    lines = said.splitlines()
    assert set(lines[:-1]) == {"0.5 [0.0, 2.0, 4.0, 6.0, 8.0]"}
    assert lines[-1] == "True"
    assert not (tmp_path / "exp").exists()


@pytest.mark.parametrize("server", ["served", "real"])
def test_a_remote_repository_of_aim(
    server: str, deployments: Callable[[str], Any], run_script: Callable[..., str], tmp_path: Path
) -> None:
    deployment = deployments(server)
    address = deployment.backend_url.replace("http", "aim", 1)
    (tmp_path / "train.py").write_text(SCRIPT.replace("./exp", address))
    said = run_script(
        deployment, sys.executable, "-m", "aim_compat", "run", "train.py", cwd=tmp_path
    )
    assert "0.5 [0.0, 2.0, 4.0, 6.0, 8.0]" in said.splitlines()

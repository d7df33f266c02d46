"""Stable-Baselines3's algorithms with our callback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

SERIES = {
    '{"subset": "train"}': "entropy_loss explained_variance learning_rate n_updates policy_loss "
    "value_loss",
    '{"tag": "rollout"}': "ep_len_mean ep_rew_mean",
    '{"tag": "time"}': "fps iterations time_elapsed total_timesteps",
}


def test_a_training_is_recorded_as_on_aim(
    compare: Callable[..., Any], summary: Callable[..., Any]
) -> None:
    timed = ("metric fps", "metric time_elapsed")
    (run,) = compare("examples/sb3_aim.py", timed=timed, varying=("start_time",)).ours
    assert run["experiment"] == "pole"
    assert run["params"]["algo"] == "A2C"
    found = summary(run, digits=3)
    assert {title: (count, last) for title, (count, last, _) in found.items()} == {
        f"metric {name} {context}": (4, 160)
        for context, names in SERIES.items()
        for name in names.split()
    }
    assert found['metric iterations {"tag": "time"}'] == (4, 160, 20.0)
    assert found['metric learning_rate {"subset": "train"}'] == (4, 160, 0.0007)

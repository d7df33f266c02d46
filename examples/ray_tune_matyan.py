"""Three trials of Ray Tune, a run each.

python examples/ray_tune_matyan.py
"""

from pathlib import Path

from ray import tune

from matyan_client.adapters.ray_tune import MatyanCallback


def descend(config):
    x = 5.0
    for _ in range(10):
        x -= config["rate"] * 2 * (x - 2)
        tune.report({"loss": (x - 2) ** 2})


tuner = tune.Tuner(
    descend,
    param_space={"rate": tune.grid_search([0.01, 0.1, 0.5])},
    run_config=tune.RunConfig(
        storage_path=str(Path("ray").absolute()),
        callbacks=[MatyanCallback(experiment="descent")],
        verbose=0,
    ),
)
tuner.fit()

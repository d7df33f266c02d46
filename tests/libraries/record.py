"""Prints, as JSON, all that the repository in the working directory holds: one text per fact.

Runs on real Aim and on aim_compat alike, and says which of them it was.
"""

import json
import sys

import aim
from aim import Repo, Run
from aim.storage.context import Context

NOT_COMPARED = ("__system_params",)
"""Params that tell about the machine."""


def shown(value: object) -> object:
    """A value of a sequence, as plain data."""
    if isinstance(value, (list, tuple)):
        return [shown(item) for item in value]
    if isinstance(value, aim.Image):
        picture = value.to_pil_image()
        return [value.caption, value.format, picture.mode, picture.size, picture.tobytes().hex()]
    if isinstance(value, aim.Text):
        return value.data
    if isinstance(value, aim.Figure):
        return value.to_plotly_figure().to_json()
    if isinstance(value, aim.Distribution):
        return [value.weights.tolist(), list(value.range)]
    return value


def sequences(run: Run) -> dict[str, object]:
    """Everything tracked, by kind, name and context: steps, values, epochs."""
    readers = {
        "metric": run.get_metric,
        "images": run.get_image_sequence,
        "texts": run.get_text_sequence,
        "audios": run.get_audio_sequence,
        "figures": run.get_figure_sequence,
        "distributions": run.get_distribution_sequence,
    }
    found: dict[str, object] = {}
    for kind, infos in run.collect_sequence_info(tuple(readers), skip_last_value=True).items():
        for info in infos:
            sequence = readers[kind](info["name"], Context(info["context"]))
            steps, (values, epochs, _) = sequence.data.items_list()
            title = f"{kind} {info['name']} {json.dumps(info['context'], sort_keys=True)}"
            found[title] = [list(steps), shown(values), list(epochs)]
    return dict(sorted(found.items()))


def facts(run: Run) -> dict[str, object]:
    params = {key: value for key, value in run[...].items() if key not in NOT_COMPARED}
    return {
        "name": None if run.name == f"Run: {run.hash}" else run.name,
        "experiment": run.experiment,
        "tags": sorted(run.tags),
        "description": run.description,
        "ended": run.end_time is not None,
        "params": params,
        "system params": sorted(run.get("__system_params", {})),
        "sequences": sequences(run),
    }


if __name__ == "__main__":
    runs = sorted(Repo(".").iter_runs(), key=lambda run: run.created_at)
    report = {"subject": aim.Run.__module__, "runs": [facts(run) for run in runs]}
    json.dump(report, sys.stdout, indent=1, default=repr)

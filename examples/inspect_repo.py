"""Open a repository another process wrote, print what is in it, draw its curves.

python inspect_repo.py REPO [--png curves.png] [--metric accuracy]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import aim_compat
from matyan_client import Image, Repo, Text

if TYPE_CHECKING:
    from matyan_client import Run


def describe(run: Run) -> int:
    """Print one run; returns how many points and objects were read back."""
    read = 0
    print(f"\n{run.hash}  {run.name!r}  experiment {run.experiment!r}  tags {run.tags}")
    print(f"  created {run.created_at:%Y-%m-%d %H:%M:%S}, took {run.duration or 0:.1f} s")
    for key, value in run.get_param().items():
        if not key.startswith("__"):
            print(f"  {key}: {value}")
    for sequence in run.sequences():
        if sequence.kind == "metric":
            series = run.read_series(sequence.name, sequence.context)
            what = f"{len(series)} points, {series.values[0]:.4f} … {series.values[-1]:.4f}"
            read += len(series)
        else:
            objects = [found.value for found in run.read_objects(sequence.name, sequence.context)]
            first = objects[0][0] if isinstance(objects[0], list) else objects[0]
            what = f"{len(objects)} steps of {type(first).__name__}"
            if isinstance(first, Image):
                what += f", first {first.width}x{first.height}"
            elif isinstance(first, Text):
                what += f", first {first.data!r}"
            read += len(objects)
        print(f"  {sequence.kind:13} {sequence.name:18} {sequence.context!s:20} {what}")
    for name, artifact in run.artifacts.items():
        with artifact.open() as file:
            print(f"  artifact      {name:18} {len(file.read())} bytes read")
    describe_artifacts_beside(run)
    return read


def describe_artifacts_beside(run: Run) -> None:
    """What a script written for Aim kept at a URI of its own choice, not in the repository."""
    known = aim_compat.Repo.from_path(run.repo.url.removesuffix(".matyan")).get_run(run.hash)
    for name, artifact in known.artifacts.items():
        with tempfile.TemporaryDirectory() as directory:
            size = Path(artifact.download(directory)).stat().st_size
        print(f"  artifact      {name:18} {size} bytes read from {artifact.uri}")


def draw(runs: list[Run], metric: str, png: str) -> None:
    """One panel per context, one curve per run."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    contexts: list[dict[str, object]] = []
    for run in runs:
        contexts += [
            sequence.context
            for sequence in run.sequences("metric")
            if sequence.name == metric and sequence.context not in contexts
        ]
    if not contexts:
        sys.exit(f"No run has a metric {metric!r}.")
    figure, panels = plt.subplots(
        1, len(contexts), figsize=(5 * len(contexts), 4), sharey=True, squeeze=False
    )
    for panel, context in zip(panels[0], contexts, strict=True):
        for run in runs:
            series = run.read_series(metric, context)
            if series is not None:
                panel.plot(series.steps, series.values, label=run.name or run.hash)
        panel.set(title=f"{metric} {context}", xlabel="step")
        panel.grid(alpha=0.3)
    panels[0][-1].legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(png)
    print(f"\nwrote {png}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repo")
    parser.add_argument("--metric", default="accuracy")
    parser.add_argument("--png")
    args = parser.parse_args()

    if not Repo.exists(args.repo):
        sys.exit(f"There is no repository at {args.repo!r}.")
    repo = Repo(args.repo)
    runs = [repo.get_run(run_hash) for run_hash in repo.list_all_runs()]
    print(f"{repo.url}: {len(runs)} runs, {len(repo.list_active_runs())} of them active")
    read = sum(describe(run) for run in runs)
    print(f"\n{read} points and objects read back")
    if args.png:
        draw(runs, args.metric, args.png)


if __name__ == "__main__":
    main()

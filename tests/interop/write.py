"""Writes the plan with `matyan_client`, whichever of the two that is: run as a script.

    write.py FOLDER [more]     prints a JSON object, names of runs to hashes

The deployment is named by MATYAN_BACKEND_URL and MATYAN_FRONTIER_URL. `more` writes what the
published client cannot send.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from PIL import Image as PILImage

from matyan_client import Run
from matyan_client.objects import Audio, Distribution, Figure, Image, Text

sys.path.insert(0, str(Path(__file__).parent))
import plan  # beside this file

QUIET = {"capture_terminal_logs": False}


def picture(caption: str, shade: int) -> Image:
    return Image(PILImage.new("L", (plan.WIDTH, plan.HEIGHT), shade), caption=caption)


def write(folder: Path, *, more: bool) -> dict[str, str]:
    """Write all runs; their hashes by name."""
    run = Run(experiment=plan.EXPERIMENT, **QUIET)
    run.name, run.description = plan.NAME, plan.DESCRIPTION
    for name, value in plan.PARAMS.items():
        run[name] = value
    for tag in (*plan.TAGS, plan.REMOVED_TAG):
        run.add_tag(tag)
    run.remove_tag(plan.REMOVED_TAG)
    for name, context, points in plan.METRICS + (plan.MORE_METRICS if more else []):
        for step, value, epoch in points:
            run.track(value, name=name, step=step, epoch=epoch, context=context)
    for name, context, step, caption, shade in plan.IMAGES + (plan.MORE_IMAGES if more else []):
        run.track(picture(caption, shade), name=name, step=step, context=context)
    name, context, step, caption, rate = plan.AUDIO
    sound = Audio(plan.wav(), format_="wav", caption=caption, rate=rate)
    run.track(sound, name=name, step=step, context=context)
    for name, context, step, text in plan.TEXTS:
        run.track(Text(text), name=name, step=step, context=context)
    name, context, step, weights, limits = plan.DISTRIBUTION
    distribution = Distribution.from_histogram(weights, limits)
    run.track(distribution, name=name, step=step, context=context)
    name, context, step, figure = plan.FIGURE
    run.track(Figure(figure), name=name, step=step, context=context)
    if more:
        name, context, step, several = plan.IMAGE_LIST
        run.track([picture(*one) for one in several], name=name, step=step, context=context)
    for level, message, args in plan.RECORDS:
        getattr(run, f"log_{level}")(message, **args)
    for path, content in plan.FILES.items():
        source = folder / path
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_bytes(content)
        run.log_artifact(str(source), name=path)
    run.close()

    second = Run(experiment=plan.EXPERIMENT, **QUIET)
    second.track(1.0, name="loss", step=0)
    second.close()
    archived = Run(**QUIET)
    archived.archived = True
    archived.close()
    return {"first": run.hash, "second": second.hash, "archived": archived.hash}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(write(Path(sys.argv[1]), more="more" in sys.argv[2:])))

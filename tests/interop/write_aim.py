"""Writes the plan with `aim_compat`, as a script for Aim would.

But for the files: those of Aim go where a script says, which is no deployment.
"""

from __future__ import annotations

import json
import sys

import plan
import plotly.graph_objects as go
from PIL import Image as PILImage

import aim_compat as aim

QUIET = {"capture_terminal_logs": False, "system_tracking_interval": None}


def picture(caption: str, shade: int) -> aim.Image:
    pixels = PILImage.new("L", (plan.WIDTH, plan.HEIGHT), shade)
    return aim.Image(pixels, caption=caption, format="png")


def write() -> dict[str, str]:
    """Write all runs; their hashes by name."""
    run = aim.Run(experiment=plan.EXPERIMENT, **QUIET)
    run.name, run.description = plan.NAME, plan.DESCRIPTION
    for name, value in plan.PARAMS.items():
        run[name] = value
    for tag in (*plan.TAGS, plan.REMOVED_TAG):
        run.add_tag(tag)
    run.remove_tag(plan.REMOVED_TAG)
    for name, context, points in plan.METRICS + plan.MORE_METRICS:
        for step, value, epoch in points:
            run.track(value, name=name, step=step, epoch=epoch, context=context)
    for name, context, step, caption, shade in plan.IMAGES + plan.MORE_IMAGES:
        run.track(picture(caption, shade), name=name, step=step, context=context)
    name, context, step, caption, rate = plan.AUDIO
    sound = aim.Audio(plan.wav(), format="wav", caption=caption, rate=rate)
    run.track(sound, name=name, step=step, context=context)
    for name, context, step, text in plan.TEXTS:
        run.track(aim.Text(text), name=name, step=step, context=context)
    name, context, step, weights, limits = plan.DISTRIBUTION
    distribution = aim.Distribution(hist=weights, bin_range=limits)
    run.track(distribution, name=name, step=step, context=context)
    name, context, step, figure = plan.FIGURE
    drawn = go.Figure(figure)
    drawn.layout.template = None
    run.track(aim.Figure(drawn), name=name, step=step, context=context)
    name, context, step, several = plan.IMAGE_LIST
    run.track([picture(*one) for one in several], name=name, step=step, context=context)
    for level, message, args in plan.RECORDS:
        getattr(run, f"log_{level}")(message, **args)
    run.close()

    second = aim.Run(experiment=plan.EXPERIMENT, **QUIET)
    second.track(1.0, name="loss", step=0)
    second.close()
    archived = aim.Run(**QUIET)
    archived.archived = True
    archived.close()
    return {"first": run.hash, "second": second.hash, "archived": archived.hash}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(write()))

"""The table, adapters: Aim's modules for frameworks that are here, what is in them, what they need.

A framework `x` is `aim.x` and `aim.sdk.adapters.x` in Aim, and `aim_compat/adapters/x.py` here.
`_surface_table.py` and `_surface_members.py` take their parts from here; frameworks that have no
row are absent. Imports nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FRAMEWORKS", "Framework", "classes", "homes", "modules", "needed"]


class Framework(NamedTuple):
    """One framework."""

    names: str
    """Names that `aim.x` hands out; empty if there is only `aim.sdk.adapters.x`."""
    extra: str
    """The extra that installs it."""
    libraries: str = ""
    """What has to be importable, any of these; empty if Aim's modules can be imported without."""
    classes: dict[str, str] = {}  # noqa: RUF012  # a tuple's default is never changed
    """Members of Aim's classes, by class."""
    base: str = ""
    """The class of Aim that those extend, if any."""
    more: str = ""
    """Names of its own that only `aim.sdk.adapters.x` hands out."""
    uses: str = ""
    """Names of Aim's other modules that `aim.sdk.adapters.x` hands out, too."""


_KERAS = "__init__ __del__ experiment metrics close"
_KERAS_MIXIN = "TrackerKerasCallbackMetricsEpochEndMixin"
_LOGGER = "__init__ __del__ experiment name save_dir version"

FRAMEWORKS: dict[str, Framework] = {
    "catboost": Framework(
        "AimLogger", "catboost", "", {"AimLogger": "__init__ experiment setup write"}, uses="Run"
    ),
    "distributed_hugging_face": Framework(
        "AimCallback",
        "hugging-face",
        "accelerate",
        {"AimCallback": "__init__ on_train_begin close distributed_information"},
        base="aim.sdk.adapters.hugging_face.AimCallback",
        uses="Stat",
    ),
    "fastai": Framework(
        "AimCallback",
        "fastai",
        "fastai",
        {
            "AimCallback": "__init__ __del__ experiment setup before_fit after_batch before_epoch "
            "after_epoch gather_args format_config format_config_value"
        },
        uses="Run",
    ),
    "hugging_face": Framework(
        "AimCallback",
        "hugging-face",
        "transformers",
        {
            "AimCallback": "__init__ __del__ experiment setup on_init_end on_train_begin "
            "on_train_end on_log close find_most_common_substring"
        },
        uses="Run is_number",
    ),
    "keras": Framework(
        "AimCallback AimTracker",
        "keras",
        "keras",
        {"AimCallback": _KERAS},
        base=_KERAS_MIXIN,
        uses="Run",
    ),
    "keras_mixins": Framework("", "keras", "", {_KERAS_MIXIN: "on_epoch_end"}, more=_KERAS_MIXIN),
    "keras_tuner": Framework(
        "AimCallback",
        "keras-tuner",
        "keras_tuner",
        {"AimCallback": "__init__ __del__ experiment on_epoch_begin on_batch_end trial tuner"},
        uses="Run",
    ),
    "lightgbm": Framework(
        "AimCallback",
        "lightgbm",
        "lightgbm",
        {
            "AimCallback": "__init__ __del__ __call__ experiment setup before_tracking "
            "after_tracking close order before_iteration"
        },
        uses="Run",
    ),
    "optuna": Framework(
        "AimCallback",
        "optuna",
        "optuna",
        {"AimCallback": "__init__ __call__ experiment setup close track_in_aim"},
        uses="Run",
    ),
    "prophet": Framework(
        "AimLogger",
        "prophet",
        "",
        {"AimLogger": "__init__ __del__ experiment setup track_metrics"},
        uses="AimObject Run",
    ),
    "pytorch": Framework(
        "track_gradients_dists track_params_dists",
        "pytorch",
        more="get_model_layers get_pt_tensor",
    ),
    "pytorch_ignite": Framework(
        "AimLogger",
        "pytorch-ignite",
        "ignite",
        {
            "AimLogger": f"{_LOGGER} log_params log_metrics close",
            "OptimizerParamsHandler": "__init__ __call__",
            "OutputHandler": "__init__ __call__",
        },
        more="OptimizerParamsHandler OutputHandler",
        uses="Run",
    ),
    "pytorch_lightning": Framework(
        "AimLogger",
        "pytorch-lightning",
        "lightning pytorch_lightning",
        {"AimLogger": f"{_LOGGER} log_hyperparams log_metrics parse_context finalize"},
        uses="Repo Run clean_repo_path get_aim_repo_name",
    ),
    "sb3": Framework(
        "AimCallback",
        "sb3",
        "stable_baselines3",
        {
            "AimCallback": "__init__ __del__ experiment setup",
            "AimOutputFormat": "__init__ write",
        },
        more="AimOutputFormat",
        uses="Run",
    ),
    "tensorflow": Framework(
        "AimCallback AimTracker",
        "tensorflow",
        "tensorflow",
        {"AimCallback": _KERAS},
        base=_KERAS_MIXIN,
        uses="Run",
    ),
    "xgboost": Framework(
        "AimCallback",
        "xgboost",
        "xgboost",
        {
            "AimCallback": "__init__ __del__ experiment setup before_training after_iteration "
            "after_training close"
        },
        uses="Run",
    ),
}


def _places() -> Iterator[tuple[str, str]]:
    """Frameworks, and the modules of Aim that each is in."""
    for framework, each in FRAMEWORKS.items():
        if each.names:
            yield framework, f"aim.{framework}"
        yield framework, f"aim.sdk.adapters.{framework}"


def modules() -> dict[str, str]:
    """Modules of Aim and the names they hand out here."""
    found = {"aim.sdk.adapters": ""}
    for framework, module in _places():
        each = FRAMEWORKS[framework]
        inside = f" {each.more} {each.uses}" if module.startswith("aim.sdk") else ""
        found[module] = f"{each.names}{inside}".strip()
    return found


def homes() -> dict[str, str]:
    """Where the names live here, by dotted name."""
    return {
        f"{module}.{name}": f"aim_compat.adapters.{framework}:{name}"
        for framework, module in _places()
        for name in f"{FRAMEWORKS[framework].names} {FRAMEWORKS[framework].more}".split()
    }


def needed() -> dict[str, str]:
    """Modules that cannot be imported without one of these libraries, as in Aim (behaviour M11)."""
    return {
        module: FRAMEWORKS[framework].libraries
        for framework, module in _places()
        if FRAMEWORKS[framework].libraries
    }


def classes() -> dict[str, tuple[str, str]]:
    """Aim's classes, with their bases in the table and their members."""
    return {
        f"aim.sdk.adapters.{name}.{cls}": (each.base, members)
        for name, each in FRAMEWORKS.items()
        for cls, members in each.classes.items()
    }

"""The table, adapters: Aim's modules for frameworks that are here, what is in them, what they need.

A framework `x` is `aim.x` and `aim.sdk.adapters.x` in Aim, and `aim_compat/adapters/x.py` here.
`_surface_table.py` and `_surface_members.py` take their parts from here; frameworks that have no
row are absent. Imports nothing.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["FRAMEWORKS", "Framework", "classes", "homes", "modules", "needed"]


class Framework(NamedTuple):
    """One framework."""

    names: str
    """Names that `aim.x` hands out."""
    extra: str
    """The extra that installs it."""
    libraries: str = ""
    """What has to be importable, any of these; empty if Aim's modules can be imported without."""
    classes: dict[str, str] = {}  # noqa: RUF012  # a tuple's default is never changed
    """Members of Aim's classes, by class."""
    more: str = ""
    """Names of its own that only `aim.sdk.adapters.x` hands out."""
    uses: str = ""
    """Names of Aim's other modules that `aim.sdk.adapters.x` hands out, too."""


_LOGGER = "__init__ __del__ experiment name save_dir version"

FRAMEWORKS: dict[str, Framework] = {
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
    "pytorch_lightning": Framework(
        "AimLogger",
        "pytorch-lightning",
        "lightning pytorch_lightning",
        {"AimLogger": f"{_LOGGER} log_hyperparams log_metrics parse_context finalize"},
        uses="Repo Run clean_repo_path get_aim_repo_name",
    ),
}


def modules() -> dict[str, str]:
    """Modules of Aim and the names they hand out here."""
    found = {f"aim.{name}": each.names for name, each in FRAMEWORKS.items()}
    for name, each in FRAMEWORKS.items():
        found[f"aim.sdk.adapters.{name}"] = f"{each.names} {each.more} {each.uses}".rstrip()
    return {"aim.sdk.adapters": "", **found}


def homes() -> dict[str, str]:
    """Where the names live here, by dotted name."""
    return {
        f"{module}.{framework}.{name}": f"aim_compat.adapters.{framework}:{name}"
        for framework, each in FRAMEWORKS.items()
        for module in ("aim", "aim.sdk.adapters")
        for name in f"{each.names} {each.more}".split()
    }


def needed() -> dict[str, str]:
    """Modules that cannot be imported without one of these libraries, as in Aim (behaviour M11)."""
    return {
        f"{module}.{framework}": each.libraries
        for framework, each in FRAMEWORKS.items()
        for module in ("aim", "aim.sdk.adapters")
        if each.libraries
    }


def classes() -> dict[str, tuple[str, str]]:
    """Aim's classes, with their bases in the table and their members."""
    return {
        f"aim.sdk.adapters.{name}.{cls}": ("", members)
        for name, each in FRAMEWORKS.items()
        for cls, members in each.classes.items()
    }

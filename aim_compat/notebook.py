"""The magic `%aim` of notebooks: `%load_ext aim`, then `%aim version` or `%aim up` (M08, U25).

The web interface is a package of its own, so `%aim up` says how to start it, and what there is
besides.
Knows IPython only by the object it is handed.
"""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING, Any

from aim_compat._surface_table import AIM_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "ERROR_MSG_PREFIX",
    "UP_NAME",
    "VERSION_NAME",
    "execute_magic_aim",
    "get_argument_options",
    "get_execution_context",
    "handlers",
    "load_ipython_extension",
    "up",
    "version",
]

ERROR_MSG_PREFIX = b"Error:"
UP_NAME = "up"
VERSION_NAME = "version"

_DEFAULTS = {"--host": "127.0.0.1", "--port": "43801", "--base-path": "/notebook"}
_OPTIONS = ("--port", "--host", "--repo", "--proxy-url")
_NO_UI = """\
%aim up: the web interface is a package of its own, matyan-ui, which shows what a server serves:
    matyan-client server &  pip install matyan-ui  (docs/web-interface.md)
Without it, in this notebook:
    aim.Repo.default_repo().query_runs().dataframe()   # all runs with their params (pandas)
or in a terminal: matyan-client runs ls"""


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def up(options: dict[str, str], context: str) -> None:
    """`%aim up`: say where the web interface is, and what there is besides."""
    del context
    _say(_NO_UI)
    if "--repo" in options:
        _say(f"For the repository you named: aim.Repo({options['--repo']!r})")


def version(options: dict[str, str], context: str) -> None:
    """`%aim version`: the version of Aim that scripts see."""
    del options, context
    _say(f"Aim v{AIM_VERSION}")


handlers: dict[str, Callable[[dict[str, str], str], None]] = {UP_NAME: up, VERSION_NAME: version}


def get_argument_options(line: str) -> tuple[str, dict[str, str]]:
    """The command of a line, and its options; those that no command has are left out.

    Args:
        line: what follows `%aim`, such as `up --port=8000`; options are written with `=`.

    Raises:
        IndexError: the line is empty.
        ValueError: an option without `=`.
    """
    words = shlex.split(line)
    if not words:
        raise IndexError(f"%aim needs a command: {' or '.join(handlers)}.")
    command, *arguments = words
    options = dict(_DEFAULTS)
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not equals:
            raise ValueError(f"Options of %aim are written --name=value, not {argument!r}.")
        if name in _OPTIONS:
            options[name] = value
    return command, options


def get_execution_context() -> str:
    """Where this runs, in Aim's words: in Colab, in a notebook, or elsewhere."""
    if "google.colab" in sys.modules:
        return "_COLAB_EXEC_CONTEXT"
    ipython = sys.modules.get("IPython")
    shell: Any = None if ipython is None else ipython.get_ipython()
    if shell is not None and shell.has_trait("kernel"):
        return "_IPYTHON_EXEC_CONTEXT"
    return "_OTHER_EXEC_CONTEXT"


def execute_magic_aim(line: str) -> None:
    """What `%aim` does with the rest of its line."""
    command, options = get_argument_options(line)
    handler = handlers.get(command)
    if handler is None:
        _say("Invalid operation.")
        return
    handler(options, get_execution_context())


def load_ipython_extension(ipython: Any) -> None:
    """What `%load_ext aim` and `%load_ext aim_compat` call: makes `%aim` known."""
    ipython.register_magic_function(execute_magic_aim, magic_name="aim")

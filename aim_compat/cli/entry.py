"""`cli_entry_point`: Aim's command line as code calls it; click is not needed for it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["cli_entry_point"]


class _EntryPoint:
    """Called, it runs one command and ends the process; click's `CliRunner` takes it, too."""

    name = "aim-compat"

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> int:
        """Run one command.

        Args:
            args: arguments without the program's name; None: those of this process.
            prog_name: taken and not needed, as are the rest.
            complete_var: taken and not needed.
            standalone_mode: end the process afterwards, instead of returning.
            extra: taken and not needed.

        Returns:
            The exit code.
        """
        from aim_compat.cli.main import main

        del prog_name, complete_var, extra
        code = main(args)
        if standalone_mode:
            sys.exit(code)
        return code

    def __call__(self, *args: Any, **kwargs: Any) -> int:
        return self.main(*args, **kwargs)


cli_entry_point = _EntryPoint()

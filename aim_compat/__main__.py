"""`python -m aim_compat`: the command line in `cli`."""

from __future__ import annotations

import sys

from aim_compat.cli import main

if __name__ == "__main__":
    sys.exit(main())

"""Executes a notebook in a real kernel and prints, as JSON, what each of its cells shows.

    python run_notebook.py CELLS COMMAND    # both JSON lists; COMMAND starts a Python

A process of its own: the libraries around kernels leave sockets to the garbage collector, which
tests count as errors.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import nbclient
import nbformat
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager


class Kernels(AsyncKernelManager):
    """Starts ipykernel with a command given here instead of an installed kernel spec."""

    command: tuple[str, ...] = ()

    @property
    def kernel_spec(self) -> KernelSpec:
        argv = [*self.command, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="test", language="python")


def main(cells: list[str], command: list[str]) -> list[dict[str, Any]]:
    """Text on stdout, and the result by mime type, of each cell."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    manager = Kernels()
    manager.command = tuple(command)
    nbclient.NotebookClient(book, km=manager, timeout=100).execute()
    shown = []
    for cell in book.cells:
        seen: dict[str, Any] = {"stdout": ""}
        for output in cell.outputs:
            if output.output_type == "stream" and output.name == "stdout":
                seen["stdout"] += output.text
            elif output.output_type == "execute_result":
                seen.update(output.data)
        shown.append(seen)
    return shown


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(json.loads(sys.argv[1]), json.loads(sys.argv[2]))))

"""`World`: everything a case may touch.

A case gets the module under test, a directory of its own and a place to note observations. It has
no way to ask which subject it runs on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from conformance.normalise import Normaliser, raised
from conformance.subject import Subject

__all__ = ["QUIET", "World"]

QUIET: dict[str, Any] = {"system_tracking_interval": None, "capture_terminal_logs": False}
"""Arguments of a `Run` that starts nothing in the background."""


class World:
    """What one execution of one case has to its disposal."""

    def __init__(self, subject: Subject, directory: str, scratch: Path, held: ExitStack) -> None:
        self._subject = subject
        self._scratch = scratch
        self._held = held
        self._normalise = Normaliser(directory)
        self.directory = directory
        """Root of the repository, an absolute path; also the working directory."""
        self.location = held.enter_context(subject.backend.serving(directory))
        """What a script passes as `repo` for it: the directory, unless the backend says else."""
        self._normalise.served_at(self.location)
        self.aim: Any = subject.module
        """The module under test."""
        self.observations: dict[str, Any] = {}

    def sub(self, name: str) -> Any:
        """A submodule of the module under test, by Aim's name for it."""
        return self._subject.submodule(name)

    def see(self, label: str, look: Callable[[], Any]) -> None:
        """Note what a call returns or which exceptions would catch what it raises."""
        if label in self.observations:
            raise ValueError(f"Two observations are called {label!r}.")
        try:
            seen = look()
        except Exception as error:  # noqa: BLE001  # an exception is an observation here
            self.observations[label] = raised(error, self._library_errors)
        else:
            self.observations[label] = self._normalise(seen)

    def _library_errors(self) -> list[type[BaseException]]:
        errors: ModuleType = self.sub("aim.sdk.errors")
        names = ("MissingRunError", "RunLockingError", "RepoIntegrityError")
        return [getattr(errors, name) for name in names]

    def sync(self, directory: str | None = None) -> None:
        """Make what was written readable; drop writers before calling this."""
        self._subject.sync(directory or self.location)

    def look_again(self) -> None:
        """Have a change of which runs there are noticed at once."""
        self._subject.look_again(self.location)

    def run(self, run_hash: str | None = None, **options: Any) -> Any:
        """A run in the case's repository that starts nothing in the background."""
        return self.aim.Run(run_hash, **{"repo": self.location, **QUIET, **options})

    @contextmanager
    def writing(self, run_hash: str | None = None, **options: Any) -> Iterator[Any]:
        """A run that is closed and readable afterwards. Keep no reference to it."""
        run = self.run(run_hash, **options)
        try:
            yield run
        finally:
            run.close()

    def context(self, context: dict[str, Any] | None = None) -> Any:
        """A `Context` of the module under test."""
        return self.sub("aim.storage.context").Context(context or {})

    @property
    def repo(self) -> Any:
        """The case's repository, opened anew."""
        return self.aim.Repo.from_path(self.location)

    def query(self, kind: str, expression: str) -> Any:
        """`repo.query_<kind>` without a progress bar."""
        off = self.sub("aim.sdk.types").QueryReportMode.DISABLED
        return getattr(self.repo, f"query_{kind}")(expression, report_mode=off)

    def count(self, kind: str, expression: str) -> int:
        """How many runs, or sequences, an expression finds."""
        found = self.query(kind, expression)
        return sum(1 for _ in (found.iter_runs() if kind == "runs" else found.iter()))

    def other_repository(self, name: str) -> str:
        """An empty repository below the working directory, for cases with two; where it is."""
        path = Path(self.directory, name)
        path.mkdir()
        self._subject.prepare(str(path), self._scratch)
        return self._held.enter_context(self._subject.backend.serving_another(str(path)))

    def file(self, name: str, content: bytes = b"") -> str:
        """A file below the working directory; its path."""
        path = Path(self.directory, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return str(path)

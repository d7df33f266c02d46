"""Errors: instances of what Aim raises, and fit to travel between processes."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

import aim_compat
import aim_compat.errors as errors
from aim_compat import _surface
from matyan_client import exceptions
from matyan_client.exceptions import MatyanError

ERRORS: list[Exception] = [
    errors.MissingRunError("of a script's own", 2),
    errors.MissingRunError(),
    errors.missing_run("abc", "a/repo"),
    errors.RunLockingError("x"),
    errors.ContextError("x"),
    errors.MissingKeyError(("a", 1)),
    errors.EmptyViewError(),
    exceptions.RunNotFoundError("abc", "a/repo"),
    exceptions.QuerySyntaxError("no", query="a b", position=2),
    exceptions.MissingDependencyError("pandas", extra="pandas", purpose="data frames"),
    exceptions.RepoAccessError("x"),
    _surface.AbsentNameError(_surface.rows()[-1], "aim.x"),
    _surface.AbsentModuleError(_surface.rows()[-1], "aim.x"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_errors_survive_pickling_and_copying(error: Exception) -> None:
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(again) is type(error)
        assert str(again) == str(error)
        assert again.args == error.args
        assert vars(again) == vars(error)


def test_every_error_has_a_constructor_that_pickling_knows() -> None:
    """One that is not a MatyanError, or overrides its __reduce__, needs a case above."""
    kinds = [getattr(exceptions, name) for name in exceptions.__all__]
    kinds += [getattr(errors, name) for name in errors.__all__ if name.endswith("Error")]
    assert all(kind.__reduce__ is MatyanError.__reduce__ for kind in kinds)


def open_missing(directory: str) -> None:
    aim_compat.Run("nobody", repo=directory, read_only=True)


def test_an_error_in_a_worker_process_arrives(tmp_path: Path) -> None:
    aim_compat.Repo.from_path(str(tmp_path), init=True)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        future = pool.submit(open_missing, str(tmp_path))
        with pytest.raises(errors.MissingRunError, match="Cannot find Run nobody in aim Repo"):
            future.result(timeout=60)

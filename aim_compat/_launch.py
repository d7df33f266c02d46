"""Runs a script or module as `python` would, with `import aim` meaning this package.

The script becomes `__main__` with the globals, `sys.argv` and `sys.path[0]` that Python would give
it, so that multiprocessing, pickle and runpy find what they expect. Errors show no frame of ours.

Children: fork inherits the process. Everything else (multiprocessing with spawn or forkserver,
joblib, `subprocess.run([sys.executable, ...])`) starts a Python that reads the environment
(`_inheritance.py`). Pythons started with -E, -I or -S do not read it.
"""

from __future__ import annotations

import builtins
import importlib.util
import io
import os
import sys
from importlib.machinery import PathFinder, SourceFileLoader
from types import CodeType, ModuleType, TracebackType
from typing import TYPE_CHECKING, Any

import matyan_client
from aim_compat._inheritance import leave_to_children
from aim_compat._install import install

if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.machinery import ModuleSpec

__all__ = ["run_code", "run_module", "run_script", "run_stdin"]

_keep: list[ModuleType] = [matyan_client]
"""The `__main__` we replace, whose globals are still in use; and what must be imported before
`sys.path[0]`, from where it may come, is the script's."""


def run_script(path: str, args: list[str]) -> int:
    """Do what `python path args...` does; a directory or zip file runs its `__main__`.

    Returns:
        The exit code, unless the script ends by SystemExit or KeyboardInterrupt, which pass
        through, the latter reported.
    """
    if os.path.isdir(path) or _is_zip(path):
        return _run_packed(path, args)
    name = os.path.join(os.getcwd(), path)
    try:
        with io.open_code(name) as file:
            source = file.read()
    except OSError as exc:
        _say(f"can't open file {name!r}: [Errno {exc.errno}] {exc.strerror}")
        return 2
    _prepare([path, *args], os.path.dirname(os.path.realpath(path)))
    module = _new_main(
        __file__=name, __cached__=None, __loader__=SourceFileLoader("__main__", name)
    )
    return _execute(module, lambda: compile(source, name, "exec", dont_inherit=True))


def run_code(source: str, args: list[str]) -> int:
    """Do what `python -c source args...` does."""
    _prepare(["-c", *args], "")
    return _execute(_new_main(), lambda: compile(source, "<string>", "exec", dont_inherit=True))


def run_stdin(args: list[str]) -> int:
    """Do what `python - args...` does: run the text on standard input."""
    _prepare(["-", *args], "")
    source = sys.stdin.read()
    return _execute(_new_main(), lambda: compile(source, "<stdin>", "exec", dont_inherit=True))


def run_module(name: str, args: list[str]) -> int:
    """Do what `python -m name args...` does."""
    _prepare(["-m", *args], os.getcwd())
    main = _new_main()

    def load() -> CodeType:
        spec = _find_module(name)
        code = _code_of(spec, main)
        sys.argv[0] = spec.origin or sys.argv[0]
        return code

    return _execute(main, load)


def _code_of(spec: ModuleSpec, main: ModuleType) -> CodeType:
    """The code of a module, after telling `__main__` where it comes from."""
    get_code: Callable[[str], CodeType | None] | None = getattr(spec.loader, "get_code", None)
    code = None if get_code is None else get_code(spec.name)
    if code is None:
        raise _NotRunnableError(f"No code object available for {spec.name}")
    main.__spec__ = spec
    main.__loader__ = spec.loader
    main.__package__ = spec.parent
    main.__dict__["__cached__"] = spec.cached
    if spec.origin is not None:
        main.__file__ = spec.origin
    return code


class _NotRunnableError(Exception):
    """There is no such module, or it cannot be run; the message is the one Python gives."""


def _find_module(name: str) -> ModuleSpec:
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError as exc:
        if exc.name is not None and name.startswith(exc.name + "."):
            raise _NotRunnableError(
                f"Error while finding module specification for {name!r} "
                f"(ModuleNotFoundError: {exc})"
            ) from None
        raise
    if spec is None:
        raise _NotRunnableError(f"No module named {name}")
    if spec.submodule_search_locations is not None:
        if name.endswith(".__main__"):
            raise _NotRunnableError("Cannot use package as __main__ module")
        try:
            return _find_module(f"{name}.__main__")
        except _NotRunnableError as exc:
            raise _NotRunnableError(
                f"{exc}; {name!r} is a package and cannot be directly executed"
            ) from None
    return spec


def _run_packed(path: str, args: list[str]) -> int:
    where = os.path.join(os.getcwd(), path)
    _prepare([path, *args], where)
    main = _new_main()

    def load() -> CodeType:
        spec = PathFinder.find_spec("__main__", [where])
        if spec is None:
            raise _NotRunnableError(f"can't find '__main__' module in {where!r}")
        return _code_of(spec, main)

    return _execute(main, load)


def _is_zip(path: str) -> bool:
    if not os.path.isfile(path) or path.endswith((".py", ".pyw")):
        return False
    import zipfile

    return zipfile.is_zipfile(path)


def _prepare(argv: list[str], first_path: str) -> None:
    install()
    sys.argv[:] = argv
    if not (getattr(sys.flags, "safe_path", False) or sys.flags.isolated):
        sys.path[:1] = [first_path]
    leave_to_children()


def _new_main(**attributes: Any) -> ModuleType:
    main = ModuleType("__main__")
    main.__dict__.update(__builtins__=builtins, **attributes)
    if sys.version_info < (3, 14):
        main.__annotations__ = {}
    _keep.append(sys.modules["__main__"])
    sys.modules["__main__"] = main
    return main


def _execute(main: ModuleType, load: Callable[[], CodeType]) -> int:
    try:
        exec(load(), main.__dict__)
    except SystemExit:
        raise
    except _NotRunnableError as exc:
        _say(str(exc))
        return 1
    except KeyboardInterrupt as exc:
        _report(exc)
        sys.excepthook = _shown_already
        raise  # so that Python ends as interrupted programs do: by the signal, after atexit
    except BaseException as exc:  # noqa: BLE001 - the top frame of somebody else's program
        _report(exc)
        return 1
    return 0


def _shown_already(*_: object) -> None:
    """The excepthook for an error that was reported."""


def _report(exc: BaseException) -> None:
    """Show an error as Python does at top level, without the frames that led to the script."""
    traceback = exc.__traceback__
    while traceback is not None and _is_ours(traceback):
        traceback = traceback.tb_next
    exc = exc.with_traceback(traceback)
    sys.last_type, sys.last_value, sys.last_traceback = type(exc), exc, traceback
    if sys.version_info >= (3, 12):
        sys.last_exc = exc
    sys.excepthook(type(exc), exc, traceback)


def _is_ours(traceback: TracebackType) -> bool:
    name = traceback.tb_frame.f_code.co_filename
    return name == __file__ or name.startswith("<frozen ")


def _say(text: str) -> None:
    sys.stderr.write(f"aim-compat: {text}\n")

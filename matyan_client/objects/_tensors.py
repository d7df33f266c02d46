"""Arrays and tensors of the usual libraries, recognised without importing any of them."""

from __future__ import annotations

import importlib
from typing import Any, Literal, Protocol

from matyan_client.exceptions import (
    InvalidInputError,
    InvalidTypeError,
    MissingDependencyError,
)

__all__ = [
    "SupportsArray",
    "TensorKind",
    "class_is",
    "require",
    "tensor_kind",
    "to_ndarray",
    "to_nested_lists",
]

TensorKind = Literal["numpy", "torch", "tensorflow", "jax", "cupy"]


class SupportsArray(Protocol):
    """Arrays and tensors, as far as type checkers are concerned."""

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        """Return the data as a numpy array."""


_KIND_OF_ROOT: dict[str, TensorKind] = {
    "numpy": "numpy",
    "torch": "torch",
    "tensorflow": "tensorflow",
    "jax": "jax",
    "jaxlib": "jax",
    "cupy": "cupy",
}

_CONVERTER: dict[TensorKind, str] = {
    "numpy": "tolist",
    "torch": "detach",
    "tensorflow": "numpy",
    "jax": "__array__",
    "cupy": "get",
}
"""The method by which each library gives its data away; what lacks it is not an array."""


def class_is(value: object, root: str, *names: str) -> bool:
    """Tell whether a class of this name from this top-level package is among the value's bases."""
    return any(
        cls.__name__ in names and cls.__module__.partition(".")[0] == root
        for cls in type(value).__mro__
    )


def tensor_kind(value: object) -> TensorKind | None:
    """Name the library whose array, tensor or array scalar this is; None for anything else."""
    for cls in type(value).__mro__[:-1]:
        kind = _KIND_OF_ROOT.get(cls.__module__.partition(".")[0])
        if kind is not None and hasattr(cls, _CONVERTER[kind]):
            return kind
    return None


def require(library: str, *, extra: str, purpose: str) -> Any:
    """Import an optional library.

    Raises:
        MissingDependencyError: it is not installed; the message names the extra.
    """
    try:
        return importlib.import_module(library)
    except ImportError as exc:
        raise MissingDependencyError(
            library.partition(".")[0], extra=extra, purpose=purpose
        ) from exc


def to_ndarray(value: Any, *, extra: str, purpose: str) -> Any:
    """Bring an array or tensor of any known library to a numpy array in main memory.

    Types numpy lacks (bfloat16, float8) become float32.

    Raises:
        InvalidTypeError: the tensor gives its data to nobody.
        MissingDependencyError: numpy is not installed.
    """
    numpy = require("numpy", extra=extra, purpose=purpose)
    try:
        array = numpy.asarray(_to_host(value))
    except (
        TypeError,
        RuntimeError,
    ) as exc:  # a tensor without data, or of an opaque type
        raise InvalidTypeError(
            f"the data of a {type(value).__name__} cannot be read: {exc}"
        ) from exc
    if array.dtype.kind == "V" and array.dtype.names is None:
        array = array.astype(numpy.float32)
    return array


def _to_host(value: Any) -> Any:
    """Something numpy can take, in main memory."""
    kind = tensor_kind(value)
    if kind == "torch":
        dense = value.detach().cpu()
        if getattr(dense, "is_sparse", False):
            dense = dense.to_dense()
        try:
            return dense.numpy()
        except TypeError:  # a type numpy does not have
            return dense.float().numpy()
    if kind == "tensorflow":
        return value.numpy()
    return value.get() if kind == "cupy" else value


def to_nested_lists(value: Any) -> tuple[Any, bool]:
    """Turn an array or tensor into nested lists, a one-element one of no dimension into a scalar.

    Dates become ISO 8601 text, time spans seconds.

    Returns:
        The lists and whether they hold nothing but bool, int and float.

    Raises:
        InvalidTypeError: complex numbers, or a tensor without data.
        InvalidInputError: time spans of months or years, which have no length in seconds.
    """
    if tensor_kind(value) == "torch":
        if value.is_complex():
            raise InvalidTypeError(f"it holds complex numbers ({value.dtype})")
        try:
            return value.detach().tolist(), True  # needs no numpy
        except RuntimeError as exc:
            raise InvalidTypeError(f"its data cannot be read: {exc}") from exc
    array = to_ndarray(value, extra="numpy", purpose="Storing this tensor")
    numpy = require("numpy", extra="numpy", purpose="Storing this array")
    kind = array.dtype.kind
    if kind == "c":
        raise InvalidTypeError(f"it holds complex numbers ({array.dtype})")
    if kind == "f" and array.dtype.itemsize > 8:
        array = array.astype(numpy.float64)
    elif kind == "M":
        array = numpy.datetime_as_string(array)
        return array.tolist(), False
    elif kind == "m":
        try:
            array = array / numpy.timedelta64(1, "s")
        except TypeError as exc:
            raise InvalidInputError(f"its unit ({array.dtype}) has no fixed length") from exc
    return array.tolist(), array.dtype.kind in "biuf"

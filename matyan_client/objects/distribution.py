"""Tracked distributions: histograms with bins of equal width."""

from __future__ import annotations

import itertools
import math
import operator
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from matyan_client.exceptions import (
    CodecError,
    InvalidInputError,
    InvalidTypeError,
    MissingDependencyError,
)
from matyan_client.objects._tensors import require, tensor_kind, to_ndarray
from matyan_client.objects.base import Encoded, Trackable, register, stored_field

if TYPE_CHECKING:
    from typing_extensions import Self

    from matyan_client.objects._tensors import SupportsArray

__all__ = ["MAX_BINS", "Distribution"]

Samples: TypeAlias = "Sequence[Any] | SupportsArray"
"""Numbers: a sequence (perhaps of sequences), an array or a tensor."""

MAX_BINS = 512
"""Most bins made from samples (seed: "capped at 512")."""


@register
class Distribution(Trackable):
    """A tracked distribution (histogram) value for use with `Run.track`.

    Give either `samples`, which are binned here, or `hist` with `bin_range`.

    Args:
        samples: numbers to bin: a sequence (nested ones are flattened), numpy array or tensor. No
            samples at all give empty bins over (0, 1). All equal (or closer than numbers can be
            told apart) are binned over half a unit to either side.
        bin_count: bins to make of samples, at least 1; more than 512 are made 512.
        hist: counts or weights of bins of equal width, any number of them.
        bin_range: (low, high) of `hist`.

    Raises:
        InvalidInputError: (a ValueError) neither or both of `samples` and `hist`, `hist` without
            `bin_range`, or a NaN or infinite number.
        InvalidTypeError: (also a TypeError) something that is not a number.
    """

    dtype: ClassVar[str] = "distribution"

    def __init__(
        self,
        samples: Samples | None = None,
        bin_count: int = 64,
        hist: Samples | None = None,
        bin_range: Sequence[float] | SupportsArray | None = None,
    ) -> None:
        self._weights: list[float | int]
        self._range: tuple[float, float]
        if samples is not None and hist is not None:
            raise InvalidInputError("Distribution takes either samples or hist, not both.")
        if samples is not None:
            self._weights, self._range = _bin(samples, _check_bin_count(bin_count))
        elif hist is None:
            raise InvalidInputError(
                "Distribution needs samples, or hist together with bin_range=(low, high)."
            )
        elif bin_range is None:
            raise InvalidInputError(
                "Distribution got hist without bin_range; pass bin_range=(low, high)."
            )
        else:
            self._weights = _flatten(hist, "hist")
            _check_finite(self._weights, "hist")
            self._range = _check_range(bin_range)

    @classmethod
    def from_histogram(cls, hist: Samples, bin_range: Sequence[float] | SupportsArray) -> Self:
        """Build a distribution from counts (or weights) of equal bins between low and high."""
        return cls(hist=hist, bin_range=bin_range)

    @classmethod
    def from_samples(cls, samples: Samples, bin_count: int = 64) -> Self:
        """Build a distribution by binning samples into `bin_count` bins (at most 512)."""
        return cls(samples=samples, bin_count=bin_count)

    @property
    def bin_count(self) -> int:
        """Number of bins in the histogram."""
        return len(self._weights)

    @property
    def range(self) -> tuple[float, float]:
        """(low, high) range of the histogram."""
        return self._range

    @property
    def weights(self) -> list[float | int]:
        """Bin counts (or weights) for each bin, as a new list."""
        return list(self._weights)

    def to_numpy_histogram(self) -> tuple[Any, Any]:
        """Return (weights, bin edges) as `numpy.histogram` does; one more edge than weights.

        Raises:
            MissingDependencyError: numpy is not installed.
        """
        numpy = require("numpy", extra="numpy", purpose="Distribution.to_numpy_histogram()")
        low, high = self._range
        return numpy.asarray(self._weights), numpy.linspace(low, high, self.bin_count + 1)

    def json(self) -> dict[str, Any]:
        """Return a dict of type, bin_count, range and data (the weights)."""
        return {
            "type": self.dtype,
            "bin_count": self.bin_count,
            "range": list(self._range),
            "data": list(self._weights),
        }

    def encode(self) -> Encoded:
        """Return the wire value; a distribution has no blob."""
        return Encoded(self.json(), None, "")

    @classmethod
    def decode(cls, value: Mapping[str, Any], read_blob: Callable[[], bytes]) -> Self:
        """Rebuild from the wire value; `read_blob` is not used.

        The weights may be a list, raw little-endian doubles (protocol 7.5) or a packed array (6.7).
        """
        data = stored_field(value, "data", (list, bytes, Mapping), [])
        if isinstance(data, Mapping):
            data = data.get("blob", b"")
        bounds = stored_field(value, "range", (list, tuple), [0.0, 0.0])
        distribution = cls.__new__(cls)
        try:
            if isinstance(data, bytes):
                data = [weight for (weight,) in struct.iter_unpack("<d", data)]
            distribution._weights = [weight + 0 for weight in data]
            low, high = bounds
            distribution._range = (float(low), float(high))
        except (TypeError, ValueError, struct.error) as exc:
            raise CodecError(f"Stored distribution is malformed: {exc}.") from exc
        return distribution

    def __repr__(self) -> str:
        return f"Distribution(bin_count={self.bin_count}, range={self._range})"


def _check_bin_count(bin_count: object) -> int:
    try:
        count = operator.index(bin_count)  # type: ignore[arg-type]  # any object is the point
    except TypeError as exc:
        raise InvalidTypeError(
            f"bin_count must be an int, not {bin_count!r} of type {type(bin_count).__name__}."
        ) from exc
    if count < 1:
        raise InvalidInputError(f"bin_count must be at least 1, not {bin_count!r}.")
    return min(count, MAX_BINS)


def _check_range(bin_range: object) -> tuple[float, float]:
    bounds = _flatten(bin_range, "bin_range")
    if len(bounds) != 2:
        raise InvalidInputError(f"bin_range must be (low, high), not {bin_range!r}.")
    _check_finite(bounds, "bin_range")
    low, high = float(bounds[0]), float(bounds[1])
    if low > high:
        raise InvalidInputError(f"bin_range must have low <= high, not {bin_range!r}.")
    return low, high


def _flatten(values: object, name: str) -> list[float | int]:
    """Return plain int and float out of any nesting of sequences, arrays and tensors."""
    kind = tensor_kind(values)
    if kind == "torch":
        values = values.detach().flatten().tolist()  # type: ignore[attr-defined]  # a tensor
    elif kind is not None:
        array = to_ndarray(values, extra="numpy", purpose="A distribution of tensors")
        _check_real(array, name)
        values = array.ravel().tolist()
    if isinstance(values, (int, float)):
        values = [values]
    if isinstance(values, (str, bytes, bytearray)) or not isinstance(values, Iterable):
        raise InvalidTypeError(
            f"Distribution {name} must be numbers, not {values!r:.80} "
            f"of type {type(values).__name__}."
        )
    flat: list[float | int] = []
    for value in values:
        plain = type(value)
        if plain is int or plain is float:
            flat.append(value)
        elif isinstance(value, (bool, int)):
            flat.append(int(value))
        elif isinstance(value, float) or (
            hasattr(plain, "__float__") and tensor_kind(value) is None
        ):
            flat.append(float(value))
        else:
            flat.extend(_flatten(value, name))
    return flat


def _check_real(array: Any, name: str) -> None:
    if array.dtype.kind not in "biuf" and not (array.dtype.kind == "O" and array.size):
        raise InvalidTypeError(
            f"Distribution {name} must be numbers, not an array of {array.dtype}."
        )


def _check_finite(values: Sequence[float | int], name: str) -> None:
    nans = sum(1 for value in values if isinstance(value, float) and math.isnan(value))
    infinite = sum(1 for value in values if isinstance(value, float) and math.isinf(value))
    _refuse_non_finite(name, nans, infinite, len(values))


def _refuse_non_finite(name: str, nans: int, infinite: int, total: int) -> None:
    if nans or infinite:
        raise InvalidInputError(
            f"Distribution {name} hold {nans} NaN and {infinite} infinite of {total} values; "
            f"drop them first, for example {name}[numpy.isfinite({name})]."
        )


def _bin(samples: object, bins: int) -> tuple[list[float | int], tuple[float, float]]:
    """Bin samples as `numpy.histogram` does, with numpy where it is installed."""
    if tensor_kind(samples) is None or tensor_kind(samples) == "torch":
        try:
            require("numpy", extra="numpy", purpose="Binning")
        except MissingDependencyError:
            return _bin_plain(_flatten(samples, "samples"), bins)
    return _bin_numpy(samples, bins)


def _bin_numpy(samples: object, bins: int) -> tuple[list[float | int], tuple[float, float]]:
    import numpy as np

    array: Any
    if tensor_kind(samples) is None:
        array = np.asarray(_flatten(samples, "samples"))
    else:
        array = to_ndarray(samples, extra="numpy", purpose="A distribution of tensors").ravel()
    _check_real(array, "samples")
    if array.dtype.kind in "bO" or array.dtype == np.float16:  # too coarse for bin edges
        array = array.astype(np.float64)
    if array.dtype.kind == "f":
        nans, infinite = int(np.isnan(array).sum()), int(np.isinf(array).sum())
        _refuse_non_finite("samples", nans, infinite, array.size)
    if not array.size:
        return [0] * bins, (0.0, 1.0)
    low, high = float(array.min()), float(array.max())
    _check_span(low, high)
    if _too_narrow(low, high, bins):
        low, high = _widen(low, high, bins)
        array = array.astype(np.float64)
    try:
        counts, edges = np.histogram(array, bins=bins, range=(low, high))
    except ValueError:  # bins narrower than what the type of the samples can tell apart
        low, high = _widen(low, high, bins)
        counts, edges = np.histogram(array.astype(np.float64), bins=bins, range=(low, high))
    return counts.tolist(), (float(edges[0]), float(edges[-1]))


def _bin_plain(
    samples: list[float | int], bins: int
) -> tuple[list[float | int], tuple[float, float]]:
    _check_finite(samples, "samples")
    if not samples:
        return [0] * bins, (0.0, 1.0)
    values = list(map(float, samples))
    low, high = min(values), max(values)
    _check_span(low, high)
    if _too_narrow(low, high, bins):
        low, high = _widen(low, high, bins)
    edges = _edges(low, high, bins)
    span = high - low
    counts: list[float | int] = [0] * bins
    for value in values:
        # The quotient may round across an edge; the edges decide, as they do in numpy.
        index = min(int((value - low) / span * bins), bins - 1)
        if value < edges[index]:
            index -= 1
        elif value >= edges[index + 1] and index != bins - 1:
            index += 1
        counts[index] += 1
    return counts, (low, high)


def _edges(low: float, high: float, bins: int) -> list[float]:
    step = (high - low) / bins
    return [*(index * step + low for index in range(bins)), high]


def _too_narrow(low: float, high: float, bins: int) -> bool:
    """Tell whether some of the bins would have no width."""
    edges = _edges(low, high, bins)
    return any(left >= right for left, right in itertools.pairwise(edges))


def _widen(low: float, high: float, bins: int) -> tuple[float, float]:
    """Half a unit to either side, or as much as it takes for bins that differ from each other."""
    half = max(0.5, math.ulp(max(abs(low), abs(high))) * bins)
    return low - half, high + half


def _check_span(low: float, high: float) -> None:
    if not math.isfinite(high - low):
        raise InvalidInputError(
            f"Distribution samples span {low!r} to {high!r}, more than a float can hold; clip them."
        )

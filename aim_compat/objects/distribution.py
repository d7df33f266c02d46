"""Aim's Distribution (behaviour O05): numpy in and out, any number of bins."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, ClassVar

from aim_compat.objects.base import CustomObject, comes_from
from aim_compat.types import BLOB
from aim_compat.views import numpy_module
from matyan_client import objects as matyan
from matyan_client.exceptions import CodecError, InvalidInputError, InvalidTypeError
from matyan_client.objects import Encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from typing_extensions import Self

__all__ = ["Distribution", "decode", "encode"]

_PURPOSE = "A distribution"
_FIELDS = ("bin_count", "data", "dtype", "range")
_NUMBERS = "biuf"


@CustomObject.alias("aim.distribution")
class Distribution(CustomObject):
    """A histogram with bins of equal width.

    Args:
        samples: numbers to bin, an array-like.
        bin_count: how many bins to make of samples; also what `numpy.histogram` takes as `bins`.
        hist: weights of bins that are made already.
        bin_range: (low, high) of `hist`.

    Raises:
        ValueError: neither or both of samples and hist, hist without bin_range, no bins, NaN or
            infinite samples.
        TypeError: something that is not a number.
        MissingDependencyError: numpy is not installed.
    """

    AIM_NAME: ClassVar[str] = "aim.distribution"

    def __init__(
        self,
        samples: Any = None,
        bin_count: int = 64,
        *,
        hist: Any = None,
        bin_range: Any = None,
    ) -> None:
        super().__init__()
        if samples is not None and hist is not None:
            raise InvalidInputError("hist should not be specified if samples is specified.")
        if samples is None and hist is None:
            raise InvalidInputError("Please specify either samples or hist.")
        if hist is not None and bin_range is None:
            raise InvalidInputError("Please specify bin_range of (start, end) bins.")
        numpy = numpy_module(_PURPOSE)
        try:
            if hist is None:
                weights, edges = numpy.histogram(_on_host(samples), bins=bin_count)
            else:
                weights = numpy.asanyarray(_on_host(hist))
                edges = numpy.linspace(bin_range[0], bin_range[-1], num=len(weights) + 1)
            bounds = [edges[0].item(), edges[-1].item()]
        except TypeError as exc:
            raise InvalidTypeError(f"Cannot make a distribution: {exc}.") from exc
        except ValueError as exc:
            raise InvalidInputError(f"Cannot make a distribution: {exc}.") from exc
        if weights.dtype.kind not in _NUMBERS:
            raise InvalidTypeError(f"Weights of a distribution are numbers, not {weights.dtype}.")
        self.storage["data"] = BLOB(weights.tobytes())
        self.storage["dtype"] = str(weights.dtype)
        self.storage["range"] = bounds
        self.storage["bin_count"] = len(weights)

    @classmethod
    def from_histogram(cls, hist: Any, bin_range: Any) -> Self:
        """Build from weights and the (low, high) they span."""
        return cls(hist=hist, bin_range=bin_range)

    @classmethod
    def from_samples(cls, samples: Any, bin_count: int = 64) -> Self:
        """Build by binning samples."""
        return cls(samples=samples, bin_count=bin_count)

    @property
    def bin_count(self) -> int:
        """Number of bins."""
        count: int = self.storage["bin_count"]
        return count

    @property
    def range(self) -> list[float]:
        """[low, high]."""
        bounds: list[float] = self.storage["range"]
        return bounds

    @property
    def weights(self) -> Any:
        """Weight of each bin, a numpy array that cannot be changed."""
        return numpy_module(_PURPOSE).frombuffer(
            self.storage["data"].load(), dtype=self.storage["dtype"], count=self.bin_count
        )

    @property
    def ranges(self) -> Any:
        """Edges of the bins, a numpy array with one element more than `weights`."""
        low, high = self.range
        return numpy_module(_PURPOSE).linspace(low, high, num=self.bin_count + 1)

    def to_np_histogram(self) -> tuple[Any, Any]:
        """(weights, ranges), as `numpy.histogram` returns them."""
        return self.weights, self.ranges

    def json(self) -> dict[str, Any]:
        """Number of bins and their range."""
        return {"bin_count": self.bin_count, "range": self.range}


def _on_host(numbers: Any) -> Any:
    """Tensors that track gradients or live on a device cannot be read by numpy as they are."""
    return numbers.detach().cpu() if comes_from(numbers, "torch", "Tensor") else numbers


def encode(fields: Mapping[Any, Any]) -> tuple[Encoded, dict[Any, Any]] | None:
    """The wire form of a distribution, and fields a script added.

    `dtype`, and `exact` where a list of numbers does not say it all, are members of the wire value
    beside those of the protocol.
    """
    numpy = numpy_module(_PURPOSE)
    content, dtype, count = fields.get("data"), fields.get("dtype"), fields.get("bin_count")
    try:
        raw = content.load() if isinstance(content, BLOB) else b""
        weights = numpy.frombuffer(raw, dtype=dtype, count=count)
        bounds = [float(bound) for bound in fields["range"]]
    except (KeyError, TypeError, ValueError):
        return None
    if len(bounds) != 2 or weights.dtype.kind not in _NUMBERS:
        return None
    numbers = numpy.nan_to_num(weights) if weights.dtype.kind == "f" else weights
    value: dict[str, Any] = {
        "type": matyan.Distribution.dtype,
        "bin_count": count,
        "range": list(fields["range"]),
        "data": [number + 0 for number in numbers.tolist()],
        "dtype": str(dtype),
    }
    if numpy.asarray(value["data"], dtype).tobytes() != raw:
        value["exact"] = base64.b64encode(raw).decode("ascii")
    beside = {key: item for key, item in fields.items() if key not in _FIELDS}
    return Encoded(value, None, ""), beside


def decode(value: Mapping[str, Any], read_blob: Callable[[], bytes]) -> dict[Any, Any]:
    """The fields of a stored distribution."""
    numpy = numpy_module(_PURPOSE)
    stored = matyan.Distribution.decode(value, read_blob)
    numbers = stored.weights
    try:
        exact = value.get("exact")
        if exact is None:
            weights = numpy.asarray(numbers, value.get("dtype") or (None if numbers else "int64"))
            raw, dtype = weights.tobytes(), str(weights.dtype)
        else:
            raw, dtype = base64.b64decode(exact, validate=True), str(value["dtype"])
    except (KeyError, TypeError, ValueError) as exc:
        raise CodecError(f"Stored distribution is malformed: {exc}.") from exc
    bounds = value.get("range")
    return {
        "bin_count": stored.bin_count,
        "data": BLOB(raw),
        "dtype": dtype,
        "range": list(bounds) if bounds else list(stored.range),
    }

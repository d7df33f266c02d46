"""Aim's Distribution (behaviour O05): numpy in and out, any number of bins."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, ClassVar

from aim_compat.objects.base import CustomObject, comes_from, is_array
from matyan_client import objects as matyan
from matyan_client.exceptions import InvalidInputError
from matyan_client.objects import Encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from typing_extensions import Self

__all__ = ["Distribution"]


@CustomObject.alias("aim.distribution")
class Distribution(CustomObject):
    """A histogram with bins of equal width.

    Args:
        samples: numbers to bin.
        bin_count: how many bins to make of samples; also what `numpy.histogram` takes as `bins`.
        hist: weights of bins that are made already.
        bin_range: (low, high) of `hist`.

    Raises:
        ValueError: neither or both of samples and hist, hist without bin_range, no bins, NaN or
            infinite numbers.
        TypeError: something that is not a number.
    """

    AIM_NAME: ClassVar[str] = "aim.distribution"
    dtype: ClassVar[str] = "distribution"

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
        if samples is not None and not _fits_matyan(bin_count):
            hist, bin_range = _numpy_histogram(samples, bin_count)
        binned = (
            matyan.Distribution(samples, bin_count)
            if hist is None
            else matyan.Distribution(hist=hist, bin_range=bin_range)
        )
        self._fill(binned, hist.dtype if is_array(hist) else None)

    def _fill(self, binned: matyan.Distribution, dtype: Any = None) -> None:
        self.storage["data"] = binned.weights
        self.storage["dtype"] = None if dtype is None else str(dtype)
        self.storage["range"] = list(binned.range)
        self.storage["bin_count"] = binned.bin_count

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
        """Weight of each bin, a numpy array."""
        import numpy as np

        weights = self.storage["data"]
        return np.asarray(weights, dtype=self.storage["dtype"] or (None if weights else "int64"))

    @property
    def ranges(self) -> Any:
        """Edges of the bins, a numpy array with one element more than `weights`."""
        import numpy as np

        low, high = self.range
        return np.linspace(low, high, num=self.bin_count + 1)

    def to_np_histogram(self) -> tuple[Any, Any]:
        """(weights, ranges), as `numpy.histogram` returns them."""
        return self.weights, self.ranges

    def json(self) -> dict[str, Any]:
        """Number of bins and their range."""
        return {"bin_count": self.bin_count, "range": self.range}

    def encode(self) -> Encoded:
        """The wire value; a distribution has no blob."""
        value = {
            "type": self.dtype,
            "bin_count": self.bin_count,
            "range": list(self.range),
            "data": list(self.storage["data"]),
        }
        return Encoded(value, None, "")

    @classmethod
    def decode(cls, value: Mapping[str, Any], read_blob: Callable[[], bytes]) -> Self:
        """Rebuild from the wire value."""
        distribution = cls.__new__(cls)
        distribution._fill(matyan.Distribution.decode(value, read_blob))
        return distribution


def _fits_matyan(bin_count: Any) -> bool:
    """Whether `matyan_client` bins just as Aim does: it makes at most 512 bins, given as an int."""
    if isinstance(bin_count, str) or hasattr(bin_count, "__len__"):
        return False
    try:
        return operator.index(bin_count) <= 512
    except TypeError:
        return True  # it refuses with the right error


def _numpy_histogram(samples: Any, bins: Any) -> tuple[Any, tuple[float, float]]:
    import numpy as np

    if comes_from(samples, "torch", "Tensor"):
        samples = samples.detach().cpu()
    weights, edges = np.histogram(np.asarray(samples), bins=bins)
    return weights, (float(edges[0]), float(edges[-1]))

"""What Hub and its successor Deep Lake say of a tensor of a data set."""

from __future__ import annotations

from typing import Any

__all__ = ["described_tensor"]


def described_tensor(tensor: Any, info: Any) -> dict[str, Any]:
    """Name, length, types and compression of a tensor, and what its author noted in `info`."""
    meta = tensor.meta
    kind = None
    if meta.sample_compression:
        kind = "sample_compression"
    elif meta.chunk_compression:
        kind = "chunk_compression"
    return {
        "name": tensor.key,
        "num_samples": len(tensor),
        "htype": tensor.htype,
        "dtype": str(tensor.dtype) if tensor.dtype else None,
        "compression_type": kind,
        "compression_format": meta.sample_compression or meta.chunk_compression,
        "info": info,
    }

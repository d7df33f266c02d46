"""Data sets of Activeloop's Hub 2 (U21)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from aim_compat.datasets._tensors import described_tensor
from aim_compat.objects import CustomObject

if TYPE_CHECKING:
    import hub

__all__ = ["HubDataset"]


@CustomObject.alias("hub.dataset")
class HubDataset(CustomObject):
    """Path, version, notes and tensors of a data set.

    Args:
        dataset: a `hub.Dataset`.
    """

    AIM_NAME: ClassVar[str] = "hub.dataset"

    def __init__(self, dataset: hub.Dataset) -> None:
        super().__init__()
        meta = {
            "path": dataset.path,
            "version": dataset.meta.version,
            "info": dataset.info._info,
            "tensors": {
                name: described_tensor(tensor, tensor.info._info)
                for name, tensor in dataset.tensors.items()
            },
            "num_samples": len(dataset),
        }
        self.storage["dataset"] = {"source": "hub", "meta": meta}

"""Data sets of Hugging Face's `datasets` (U21)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from aim_compat.objects import CustomObject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datasets import Dataset, DatasetDict

__all__ = ["HFDataset"]

_AS_GIVEN = (
    "description citation homepage license builder_name config_name download_checksums "
    "download_size post_processing_size dataset_size size_in_bytes"
).split()
_AS_TEXT = "post_processed supervised_keys version".split()
_OF_SPLITS = ("num_bytes", "num_examples", "dataset_name")


@CustomObject.alias("hf_datasets.metadata")
class HFDataset(CustomObject):
    """What a data set says of itself.

    Args:
        dataset: a `Dataset`, or a `DatasetDict`, of which the split `train` is described.

    Raises:
        KeyError: a `DatasetDict` without `train`.
        NotImplementedError: anything else.
    """

    AIM_NAME: ClassVar[str] = "hf_datasets.metadata"
    DEFAULT_KEY: ClassVar[str] = "train"

    def __init__(self, dataset: Dataset | DatasetDict) -> None:
        super().__init__()
        meta = _described(vars(self._described_split(dataset)._info))
        self.storage["dataset"] = {"source": "huggingface_datasets", "meta": meta}

    def _described_split(self, dataset: Any) -> Any:
        from datasets import Dataset, DatasetDict

        if isinstance(dataset, Dataset):
            return dataset
        if not isinstance(dataset, DatasetDict):
            raise NotImplementedError(
                f"HFDataset describes a Dataset or DatasetDict, not {type(dataset)}."
            )
        if self.DEFAULT_KEY not in dataset:
            raise KeyError(
                f"Failed to get dataset key '{self.DEFAULT_KEY}'; there are {sorted(dataset)}."
            )
        return dataset[self.DEFAULT_KEY]


def _described(info: Mapping[str, Any]) -> dict[str, Any]:
    features, splits, templates = (
        info.get(name) for name in ("features", "splits", "task_templates")
    )
    return {
        **{name: info.get(name) for name in _AS_GIVEN},
        **{name: str(info.get(name)) for name in _AS_TEXT},
        "features": [{name: str(kind)} for name, kind in features.items()] if features else None,
        "splits": [
            {name: {fact: getattr(split, fact) for fact in _OF_SPLITS}}
            for name, split in splits.items()
        ]
        if splits
        else None,
        "task_templates": [str(template) for template in templates] if templates else None,
    }

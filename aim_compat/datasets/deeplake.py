"""Data sets of Deep Lake 3 with their version (U21)."""

from __future__ import annotations

import logging
import warnings
from typing import TYPE_CHECKING, Any, ClassVar

from aim_compat.datasets._tensors import described_tensor
from aim_compat.objects import CustomObject
from matyan_client.exceptions import InvalidInputError, InvalidTypeError

if TYPE_CHECKING:
    import deeplake

__all__ = ["DeeplakeDataset", "UncommittedDatasetWarning", "ViewOnUncommittedDatasetWarning"]

log = logging.getLogger("aim_compat.datasets")


class UncommittedDatasetWarning(UserWarning):
    """A data set whose head has changes that are not committed."""


class ViewOnUncommittedDatasetWarning(UserWarning):
    """A view of such a data set."""


@CustomObject.alias("deeplake.dataset")
class DeeplakeDataset(CustomObject):
    """What a data set says of itself, so that it can be found again in this version.

    Args:
        dataset: a `deeplake.Dataset` or a view of one.
        auto_commit: commit the changes of its head first.
        auto_save_view: save a view that is not saved.

    Raises:
        TypeError: something else.
        ValueError: a view of a head with changes, which cannot be committed or saved.
    """

    AIM_NAME: ClassVar[str] = "deeplake.dataset"

    def __init__(
        self, dataset: deeplake.Dataset, auto_commit: bool = False, auto_save_view: bool = False
    ) -> None:
        import deeplake

        super().__init__()
        if not isinstance(dataset, deeplake.Dataset):
            raise InvalidTypeError(
                f"dataset must be of type ``deeplake.Dataset``, not {type(dataset)}."
            )
        self.view_info: Any = None
        if dataset.has_head_changes:
            _check_changes(dataset, auto_commit=auto_commit, auto_save_view=auto_save_view)
            if auto_commit and not dataset.is_view:
                commit = dataset.commit(message="autocommit on aim run")
                log.info("Data set %s committed as %s.", dataset.path, commit)
        elif dataset.is_view and auto_save_view:
            self.view_info = dataset._get_view_info()
            _save_view(dataset, self.view_info.get("id"))
        self.storage["dataset"] = {
            "source": "deeplake",
            "meta": _described(dataset, self.view_info),
        }


def _check_changes(dataset: Any, *, auto_commit: bool, auto_save_view: bool) -> None:
    if not dataset.is_view:
        if not auto_commit:
            warnings.warn(
                f"Deeplake Dataset {dataset.path} has uncommitted head changes; commit them first, "
                "or the run does not tell which data it saw.",
                UncommittedDatasetWarning,
                stacklevel=3,
            )
        return
    if auto_commit or auto_save_view:
        raise InvalidInputError(
            "Dataset is a view on head of uncommitted changes. Commit these before making the "
            "view, or pass neither auto_commit nor auto_save_view."
        )
    warnings.warn(
        "Dataset is a view on a head of uncommitted changes; commit them before making the view, "
        "or the run does not tell which data it saw.",
        ViewOnUncommittedDatasetWarning,
        stacklevel=3,
    )


def _save_view(dataset: Any, view_id: Any) -> None:
    from deeplake.util.exceptions import ReadOnlyModeError

    try:
        path = dataset.save_view(message="autosave on aim run.", id=view_id, optimize=False)
    except (NotImplementedError, ReadOnlyModeError) as exc:
        # Views of data sets in memory, or that are read-only; the id of the view is kept.
        log.info("The view of data set %s cannot be saved: %s", dataset.path, exc)
    else:
        log.info("View %s of data set %s saved to %s.", view_id, dataset.path, path)


def _described(dataset: Any, view_info: Any) -> dict[str, Any]:
    changed = dataset.has_head_changes
    return {
        "path": dataset.path,
        "commit_id": dataset.commit_id,
        "branch": dataset.branch,
        "has_head_changes": changed,
        "pending_commit_id": dataset.pending_commit_id if changed else None,
        "info": dict(dataset.info),
        "num_samples": dataset.num_samples,
        "max_len": dataset.max_len,
        "min_len": dataset.min_len,
        "is_view": dataset.is_view,
        "view_info": view_info,
        "tensors": {
            group: described_tensor(tensor, dict(tensor.info))
            for group, tensor in dataset.tensors.items()
        },
        "size_approx": dataset.size_approx(),
        "deeplake_version": dataset.meta.version,
    }

"""Descriptors of other libraries' data sets, with the libraries and without."""

from __future__ import annotations

import importlib
import importlib.util
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from aim_compat._surface_table import NEED_A_LIBRARY
from aim_compat.objects import CustomObject

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("module", NEED_A_LIBRARY)
def test_without_the_library_the_import_fails(module: str) -> None:
    any_of = NEED_A_LIBRARY[module].split()
    if any(importlib.util.find_spec(library) is not None for library in any_of):
        pytest.skip(f"{any_of} is installed")
    with pytest.raises(ModuleNotFoundError, match=any_of[0]) as failed:
        importlib.import_module("aim_compat" + module.removeprefix("aim"))
    assert failed.value.name == any_of[0]
    parent, _, name = module.rpartition(".")
    assert not hasattr(importlib.import_module("aim_compat" + parent.removeprefix("aim")), name)


def test_names_of_types() -> None:
    from aim_compat.datasets import deeplake, dvc, hub, hugging_face

    for kind, name in (
        (hugging_face.HFDataset, "hf_datasets.metadata"),
        (dvc.DvcData, "dvc.metadata"),
        (hub.HubDataset, "hub.dataset"),
        (deeplake.DeeplakeDataset, "deeplake.dataset"),
    ):
        assert kind.get_typename() == name
        assert CustomObject.by_name(name) is kind
    assert hugging_face.HFDataset.DEFAULT_KEY == "train"


def test_hugging_face_data_sets() -> None:
    datasets = pytest.importorskip("datasets")
    from aim_compat.datasets.hugging_face import HFDataset

    made = datasets.Dataset.from_dict({"a": [1, 2], "b": ["x", "y"]})
    described = HFDataset(made).storage["dataset"]
    assert described["source"] == "huggingface_datasets"
    assert [next(iter(each)) for each in described["meta"]["features"]] == ["a", "b"]
    assert described["meta"]["post_processed"] == "None"
    both = datasets.DatasetDict({"train": made, "test": made})
    assert HFDataset(both).storage["dataset"] == described
    with pytest.raises(KeyError, match="train"):
        HFDataset(datasets.DatasetDict({"test": made}))
    with pytest.raises(NotImplementedError):
        HFDataset([1, 2])  # type: ignore[arg-type]  # that it is refused is the point


class Tensor(types.SimpleNamespace):
    def __len__(self) -> int:
        return 7


class HubSet(types.SimpleNamespace):
    def __len__(self) -> int:
        return 5


def test_hub_data_sets() -> None:
    """Hub 2 installs with no Python that is still supported: an object of its shape stands in."""
    from aim_compat.datasets.hub import HubDataset

    notes = types.SimpleNamespace(_info={"title": "t"})
    tensor = Tensor(
        key="images",
        htype="image",
        dtype="uint8",
        info=notes,
        meta=types.SimpleNamespace(sample_compression=None, chunk_compression="lz4"),
    )
    given: Any = HubSet(
        path="mem://x",
        meta=types.SimpleNamespace(version="2.8"),
        info=notes,
        tensors={"images": tensor},
    )
    assert HubDataset(given).storage["dataset"] == {
        "source": "hub",
        "meta": {
            "path": "mem://x",
            "version": "2.8",
            "info": {"title": "t"},
            "num_samples": 5,
            "tensors": {
                "images": {
                    "name": "images",
                    "num_samples": 7,
                    "htype": "image",
                    "dtype": "uint8",
                    "compression_type": "chunk_compression",
                    "compression_format": "lz4",
                    "info": {"title": "t"},
                }
            },
        },
    }


def test_dvc_repositories(tmp_path: Path) -> None:
    pytest.importorskip("dvc")
    from aim_compat.datasets.dvc import DvcData

    (tmp_path / "data.csv").write_text("1\n")
    (tmp_path / "params.yaml").write_text("lr: 0.1\n")
    for command in (["git", "init", "-q"], [sys.executable, "-m", "dvc", "init", "-q"]):
        subprocess.run(command, cwd=tmp_path, check=True)
    subprocess.run([sys.executable, "-m", "dvc", "add", "-q", "data.csv"], cwd=tmp_path, check=True)
    described = DvcData(url=str(tmp_path)).storage["dataset"]
    assert described["source"] == "dvc"
    assert "data.csv" in described["tracked_files"]
    assert described["params"] == {"lr": 0.1}
    assert described["version"] is None
    (tmp_path / "dvc.lock").write_text("schema: '2.0'\n")
    assert DvcData(url=str(tmp_path)).storage["dataset"]["version"] == {"schema": "2.0"}

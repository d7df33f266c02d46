"""Artifacts in a directory, and which scheme means which store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aim_compat import Run
from aim_compat.artifacts import (
    AbstractArtifactStorage,
    ArtifactStorageRegistry,
    FilesystemArtifactStorage,
    registry,
)
from aim_compat.objects import Artifact


@pytest.fixture
def run(tmp_path: Path) -> Any:
    run = Run(repo=tmp_path / "repo", capture_terminal_logs=False, system_tracking_interval=None)
    yield run
    run.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ä b.txt"
    path.write_text("content")
    return path


@pytest.mark.parametrize("directory", ["store", "with space", "100%", "a#b", "a?b=c", "ünï"])
def test_any_directory(directory: str, tmp_path: Path, file: Path, run: Run) -> None:
    run.set_artifacts_uri(f"file://{(tmp_path / directory).as_posix()}/")
    for name in (None, "x/y/ü z.txt", "a:b*?.txt"):
        run.log_artifact(file, name=name)
    assert sorted(run.artifacts) == ["a:b*?.txt", "x/y/ü z.txt", "ä b.txt"]
    assert (tmp_path / directory / run.hash / "x/y/ü z.txt").read_text() == "content"
    read = Run(run.hash, repo=run.repo, read_only=True).artifacts["x/y/ü z.txt"]
    assert isinstance(read, Artifact)
    assert (read.name, read.path) == ("x/y/ü z.txt", file.as_posix())
    assert Path(read.download(tmp_path / "out")) == tmp_path / "out" / "ü z.txt"
    assert [each.name for each in (tmp_path / "out").iterdir()] == ["ü z.txt"]


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "", ".", "a\0b"])
def test_names_stay_below_the_uri(name: str, tmp_path: Path, file: Path, run: Run) -> None:
    run.set_artifacts_uri(f"file://{tmp_path.as_posix()}/store")
    with pytest.raises(ValueError, match="cannot be the name of an artifact"):
        run.log_artifact(file, name=name)
    assert run.artifacts == {}


def test_a_store_by_itself(tmp_path: Path, file: Path) -> None:
    store = FilesystemArtifactStorage(f"file://{tmp_path.as_posix()}/store")
    assert isinstance(store, AbstractArtifactStorage)
    store.upload_artifact(str(file), "d/a.txt")
    store.upload_artifact(str(file), "d/b.txt")
    downloaded = Path(store.download_artifact("d/a.txt"))
    assert (downloaded.name, downloaded.read_text()) == ("a.txt", "content")
    store.delete_artifact("d/a.txt")
    with pytest.raises(FileNotFoundError):
        store.download_artifact("d/a.txt", tmp_path / "not made")
    assert not (tmp_path / "not made").exists()
    store.delete_artifact("d")
    assert list((tmp_path / "store").iterdir()) == []
    with pytest.raises(FileNotFoundError):
        store.upload_artifact(str(tmp_path / "nope"), "e/a.txt")
    assert list((tmp_path / "store").iterdir()) == []


class Memory(AbstractArtifactStorage):
    """A store a user might write."""

    held: dict[tuple[str, str], bytes] = {}  # noqa: RUF012  # shared by all of them on purpose
    calls: list[bool] = []  # noqa: RUF012  # as above

    def upload_artifact(self, file_path: str, artifact_path: str, block: bool = False) -> None:
        self.calls.append(block)
        self.held[self.url, artifact_path] = Path(file_path).read_bytes()

    def download_artifact(self, artifact_path: str, dest_dir: Any = None) -> str:
        target = Path(dest_dir) / Path(artifact_path).name
        target.write_bytes(self.held[self.url, artifact_path])
        return str(target)


def test_a_scheme_of_ones_own(tmp_path: Path, file: Path, run: Run) -> None:
    registry.register("mem", Memory)
    try:
        with pytest.raises(AssertionError):
            registry.register("mem", Memory)
        run.set_artifacts_uri("mem://here")
        run.log_artifact(file, name="a/b.txt", block=True)
        assert Memory.held == {(f"mem://here/{run.hash}", "a/b.txt"): b"content"}
        assert Memory.calls == [True]
        read = Run(run.hash, repo=run.repo, read_only=True).artifacts["a/b.txt"]
        assert Path(read.download(tmp_path)).read_text() == "content"
        assert registry.get_storage("mem://x") is registry.get_storage("mem://x")
    finally:
        del registry.registry["mem"]


def test_a_replaced_class_counts_at_once() -> None:
    mine = ArtifactStorageRegistry()
    mine.register("x", Memory)
    before = mine.get_storage("x://a")
    mine.registry["x"] = type("Other", (Memory,), {})
    assert type(before) is Memory
    assert type(mine.get_storage("x://a")).__name__ == "Other"


@pytest.mark.parametrize("uri", ["http://x/y", "nobody://x", "no-scheme", "", "://x"])
def test_schemes_nobody_knows(uri: str) -> None:
    with pytest.raises(ValueError, match="is not supported artifact storage scheme"):
        registry.get_storage(uri)


def test_files_of_matyan_client_are_listed_too(tmp_path: Path, file: Path) -> None:
    import matyan_client

    with matyan_client.Run(repo=tmp_path / "repo") as other:
        other.log_artifact(file, name="kept.txt", block=True)
    read = Run(other.hash, repo=tmp_path / "repo", read_only=True).artifacts["kept.txt"]
    assert isinstance(read, Artifact)
    read.upload()
    assert Path(read.download(tmp_path / "out")).read_text() == "content"

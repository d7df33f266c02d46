"""Blobs go with the last run that uses them, though not while something may refer to them anew."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from matyan_client.exceptions import BlobNotFoundError
from matyan_client.protocol.batches import Batch
from matyan_client.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path)
    yield store
    store.close()


def keep(store: Store, run_hash: str, data: bytes) -> str:
    """A run that uses a blob; gives its address."""
    sha256, size = store.blobs.put(data)
    store.apply(
        Batch(
            run_hash,
            [
                {
                    "type": "blob_ref",
                    "s3_key": f"{run_hash}/x",
                    "artifact_path": "x",
                    "sha256": sha256,
                    "size_bytes": size,
                }
            ],
        )
    )
    return sha256


def age(store: Store, sha256: str) -> None:
    os.utime(store.root / "blobs" / sha256[:2] / sha256, (0, 0))


def is_there(store: Store, sha256: str) -> bool:
    try:
        store.blobs.open(sha256).close()
    except BlobNotFoundError:
        return False
    return True


def test_an_old_blob_goes_with_its_run(store: Store) -> None:
    sha256 = keep(store, "a", b"1")
    age(store, sha256)
    store.delete_run("a")
    assert not is_there(store, sha256)


def test_a_young_one_goes_later(store: Store) -> None:
    sha256 = keep(store, "a", b"1")
    store.delete_run("a")
    assert is_there(store, sha256)
    store.collect_blobs()
    assert is_there(store, sha256)
    age(store, sha256)
    store.collect_blobs()
    assert not is_there(store, sha256)


def test_or_with_the_next_run_that_is_deleted(store: Store) -> None:
    first, second = keep(store, "a", b"1"), keep(store, "b", b"2")
    store.delete_run("a")
    age(store, first)
    store.delete_run("b")
    assert (is_there(store, first), is_there(store, second)) == (False, True)


def test_one_that_is_used_again_stays(store: Store) -> None:
    sha256 = keep(store, "a", b"1")
    store.delete_run("a")
    assert keep(store, "b", b"1") == sha256
    age(store, sha256)
    store.collect_blobs()
    assert is_there(store, sha256)
    store.delete_run("b")
    assert not is_there(store, sha256)

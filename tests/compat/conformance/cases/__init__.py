"""The cases, a file for each subject matter. Importing this package registers all of them."""

from __future__ import annotations

from conformance.cases import (
    artifacts,
    callbacks,
    data_frames,
    lifecycle,
    listing,
    logs,
    managing,
    objects,
    params,
    properties,
    queries,
    reading,
    repositories,
    sequences,
    tracking,
    writing,
)

__all__ = [
    "artifacts",
    "callbacks",
    "data_frames",
    "lifecycle",
    "listing",
    "logs",
    "managing",
    "objects",
    "params",
    "properties",
    "queries",
    "reading",
    "repositories",
    "sequences",
    "tracking",
    "writing",
]

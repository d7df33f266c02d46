"""Artifacts kept in a directory."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


@case("U19", "artifacts", priority="B")
def artifacts(w: World) -> None:
    w.file("src/a.txt", b"A")
    w.file("src/sub/b.txt", b"B")
    run = w.run()
    w.see("uri at first", lambda: run.artifacts_uri)
    w.see("without uri", lambda: run.log_artifact("src/a.txt"))
    run.set_artifacts_uri("file://" + os.path.join(w.directory, "store"))
    w.see("uri", lambda: run.artifacts_uri)
    w.see("file", lambda: run.log_artifact("src/a.txt", block=True))
    w.see("named", lambda: run.log_artifact("src/a.txt", name="x/y.txt", block=True))
    w.see("directory", lambda: run.log_artifacts("src", name="d", block=True))
    w.see("directory by its own name", lambda: run.log_artifacts("src/sub", block=True))
    w.see("missing", lambda: run.log_artifact("src/nope", block=True))
    w.see("directory as file", lambda: run.log_artifact("src/sub", block=True))
    kept = run.artifacts
    w.see("names", lambda: (type(kept), sorted(kept)))
    w.see("artifact", lambda: (kept["a.txt"].name, kept["a.txt"].uri))
    os.mkdir("out")
    w.see("download", lambda: kept["a.txt"].download(os.path.join(w.directory, "out")))
    w.see("content", lambda: Path("out/a.txt").read_text())
    w.see("download nested", lambda: kept["x/y.txt"].download(os.path.join(w.directory, "out")))
    w.see("no destination", lambda: kept["a.txt"].download())
    w.see(
        "files",
        lambda: sorted(
            str(path.relative_to("store")) for path in Path("store").rglob("*") if path.is_file()
        ),
    )
    run_hash = run.hash
    run.close()
    run = kept = None
    w.sync()
    stored = w.aim.Run(run_hash, repo=w.directory, read_only=True)
    w.see("stored uri", lambda: stored.artifacts_uri)
    w.see(
        "stored content", lambda: Path(stored.artifacts["d/sub/b.txt"].download("out")).read_text()
    )


@case("M03", "artifact URIs", priority="B")
def uris(w: World) -> None:
    w.file("a.txt", b"A")
    run = w.run()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        w.see("no scheme", lambda: run.set_artifacts_uri("/plain/path"))
    run.set_artifacts_uri("http://x/y")
    w.see("unknown scheme", lambda: run.log_artifact("a.txt", block=True))
    run.close()

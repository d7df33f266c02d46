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
    stored = w.aim.Run(run_hash, repo=w.location, read_only=True)
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


@case("M03", "an artifact store of one's own", priority="C")
def own_store(w: World) -> None:
    registry = w.sub("aim.storage.artifacts").registry
    base = w.sub("aim.storage.artifacts.artifact_storage").AbstractArtifactStorage
    calls: list[object] = []

    class Memory(base):  # type: ignore[misc, valid-type]  # of whichever subject
        def upload_artifact(self, file_path: str, artifact_path: str, block: bool = False) -> None:
            calls.append(("up", self.url, artifact_path, block, Path(file_path).read_bytes()))

        def download_artifact(self, artifact_path: str, dest_dir: str | None = None) -> str:
            calls.append(("down", self.url, artifact_path, dest_dir))
            return f"{dest_dir}/{artifact_path}"

    w.file("a.txt", b"A")
    w.see("schemes", lambda: sorted(registry.registry))
    w.see("register", lambda: registry.register("memo", Memory))
    w.see("register again", lambda: registry.register("memo", Memory))
    w.see("storage", lambda: registry.get_storage("memo://x/y").url)
    w.see("the same", lambda: registry.get_storage("memo://x") is registry.get_storage("memo://x"))
    w.see("nobody's", lambda: registry.get_storage("nobody://x"))
    run = w.run()
    run.set_artifacts_uri("memo://x/y")
    w.see("upload", lambda: run.log_artifact("a.txt", name="d/b.txt", block=True))
    w.see("in the background", lambda: run.log_artifact("a.txt"))
    w.see("artifact", lambda: run.artifacts["d/b.txt"].storage[...])
    w.see("download", lambda: run.artifacts["d/b.txt"].download("out"))
    w.see("calls", lambda: calls)
    del registry.registry["memo"]
    run.close()


@case("M03", "artifacts by themselves", priority="C")
def artifact_objects(w: World) -> None:
    make = w.sub("aim.sdk.objects.artifact").Artifact
    store = w.sub("aim.storage.artifacts.filesystem_storage").FilesystemArtifactStorage
    uri = "file://" + os.path.join(w.directory, "store")
    w.file("a.txt", b"A")
    artifact = make("a.txt", uri=uri, name="d/b.txt", note="n")
    w.see("upload", lambda: artifact.upload(block=True))
    w.see("download", lambda: Path(artifact.download("out")).read_text())
    w.see("storage", lambda: artifact.storage[...])
    w.see("missing", lambda: make("nope.txt", uri=uri).upload())
    w.see("missing copy", lambda: make("nope.txt", uri=uri).download("out"))
    w.see("no uri", lambda: make("a.txt"))
    files = store(uri)
    w.see("url", lambda: files.url)
    w.see("uploaded", lambda: files.upload_artifact("a.txt", "e/c.txt"))
    w.see("downloaded", lambda: Path(files.download_artifact("e/c.txt", "out2")).read_text())
    w.see("to nowhere", lambda: Path(files.download_artifact("e/c.txt")).read_text())
    w.see("deleted", lambda: files.delete_artifact("e"))
    w.see("gone", lambda: Path("store/e").exists())
    run = w.run()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run.set_artifacts_uri("plain/path")
    w.see("uri without scheme", lambda: run.artifacts_uri)
    w.see("to it", lambda: run.log_artifact("a.txt"))
    run.set_artifacts_uri(uri + "/")
    w.see("uri with slash", lambda: run.artifacts_uri)
    run["model"] = artifact
    w.see("as a parameter", lambda: Path(run["model"].download("out3")).read_text())
    run.close()


@case("O10", "descriptors of data sets without their libraries", priority="C")
def datasets(w: World) -> None:
    for name in (
        "aim.hf_dataset",
        "aim.sdk.objects.plugins.hf_datasets_metadata",
        "aim.sdk.objects.plugins.dvc_metadata",
        "aim.sdk.objects.plugins.hub_dataset",
        "aim.sdk.objects.plugins.deeplake_dataset",
    ):
        w.see(name, lambda name=name: w.sub(name))

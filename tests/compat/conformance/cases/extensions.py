"""What scripts plug in or call beside runs: the notebook's commands, stores of artifacts, trees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


@case("M08", "names and options of the notebook's commands", priority="B")
def notebook_options(w: World) -> None:
    notebook = w.sub("aim.ext.notebook.notebook")
    w.see("error prefix", lambda: notebook.ERROR_MSG_PREFIX)
    w.see("commands", lambda: (notebook.UP_NAME, notebook.VERSION_NAME))
    w.see("handlers", lambda: sorted(notebook.handlers))
    for line in ("version", "up --port=5 --host=h", "--repo=/x", "up --port 5", ""):
        w.see(f"options {line!r}", lambda line=line: notebook.get_argument_options(line))


@case("M08", "the notebook's commands outside of a notebook", priority="C")
def notebook_commands(w: World) -> None:
    class Shell:
        def __init__(self) -> None:
            self.magics: list[Any] = []

        def register_magic_function(
            self, function: Any, *_: Any, magic_name: str, **__: Any
        ) -> None:
            self.magics.append((magic_name, function.__name__))

    def loaded(load: Any) -> Any:
        shell = Shell()
        load(shell)
        return shell.magics

    notebook = w.sub("aim.ext.notebook.notebook")
    w.see("extension", lambda: loaded(notebook.load_ipython_extension))
    w.see("extension of the package", lambda: loaded(w.aim.load_ipython_extension))
    w.see("without a shell", lambda: w.aim.load_ipython_extension(None))
    w.see("context", lambda: type(notebook.get_execution_context()))
    w.see("version", lambda: notebook.version({}, notebook.get_execution_context()))
    w.see("%aim version", lambda: notebook.execute_magic_aim("version"))
    w.see("%aim nope", lambda: notebook.execute_magic_aim("nope"))


@case("M03", "a store of artifacts of one's own", priority="C")
def own_store(w: World) -> None:
    base = w.sub("aim.storage.artifacts.artifact_storage").AbstractArtifactStorage
    kept: dict[str, bytes] = {}

    class Memory(base):  # type: ignore[misc, valid-type]  # of whichever subject
        def upload_artifact(self, file_path: str, artifact_path: str, block: bool = False) -> None:
            with open(file_path, "rb") as file:
                kept[artifact_path] = file.read()

        def download_artifact(self, artifact_path: str, dest_dir: str | None = None) -> str:
            return w.file(f"got/{artifact_path}", kept[artifact_path])

        def delete_artifact(self, artifact_path: str) -> None:
            del kept[artifact_path]

    registry = w.sub("aim.storage.artifacts.artifact_registry").ArtifactStorageRegistry()
    w.see("empty", lambda: registry.registry)
    w.see("unknown", lambda: registry.get_storage("ours://x"))
    registry.register("ours", Memory)
    store = registry.get_storage("ours://x")
    w.see("made", lambda: (type(store) is Memory, isinstance(store, base), store.url))
    store.upload_artifact(w.file("f", b"abc"), "a/b")
    w.see("uploaded", lambda: dict(kept))
    w.see("downloaded", lambda: open(store.download_artifact("a/b")).read())
    store.delete_artifact("a/b")
    w.see("deleted", lambda: dict(kept))


@case("O08", "ends and lists of a tree in memory", priority="C")
def tree_ends(w: World) -> None:
    tree = w.sub("aim.storage.inmemorytreeview").InMemoryTreeView(
        {"a": {"x": 1, "y": 2}, "l": [1, 2]}
    )
    w.see("first", lambda: tree.first_key())
    w.see("last", lambda: tree.last_key("a"))
    w.see("list", lambda: tree.array("l").tolist())
    blob = w.sub("aim.storage.utils").BLOB(b"x")
    w.see("bytes", lambda: (blob.load(), bytes(blob)))


@case("M04", "any handler will do", priority="C")
def handler_type(w: World) -> None:
    w.see("type", lambda: w.sub("aim.sdk.callbacks.caller").CallbackHandler is Any)

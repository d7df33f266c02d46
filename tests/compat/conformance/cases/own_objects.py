"""Objects of a user's own type, and the trees that hold what there is to an object."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


def plain(w: World, value: Any) -> Any:
    """A storage as plain values: objects as type name and fields, BLOBs as what they hold."""
    custom = w.sub("aim.storage.object").CustomObject
    if isinstance(value, custom):
        return [type(value).__name__, value.get_typename(), plain(w, value.storage[...])]
    if isinstance(value, w.sub("aim.storage.types").BLOB):
        return ("BLOB", value.load())
    if isinstance(value, dict):
        return {str(key): plain(w, item) for key, item in value.items()}
    return [plain(w, item) for item in value] if isinstance(value, (list, tuple)) else value


def point_class(w: World, name: str = "test.point") -> Any:
    base = w.sub("aim.storage.object").CustomObject

    @base.alias(name)
    class Point(base):
        AIM_NAME = name

        def __init__(self, x: Any, **more: Any) -> None:
            super().__init__()
            self.storage["x"] = x
            for key, value in more.items():
                self.storage[key] = value

        @property
        def x(self) -> Any:
            return self.storage["x"]

    return Point


EVERY_FIELD: dict[str, Any] = {
    "none": None,
    "bool": True,
    "int": 3,
    "float": 0.5,
    "text": "ü",
    "bytes": b"\x00\xff",
    "list": [1, "a", [2.5, None], {"k": [b"z"]}],
    "tuple": (1, (2,)),
    "dict": {"a": {"b": {"c": 1}}, 1: "int key", "empty": {}, "none": []},
}


@case("O08", "class of an own object", priority="B")
def own_class(w: World) -> None:
    base = w.sub("aim.storage.object").CustomObject
    Point = point_class(w)
    point = Point(1, y=[1, 2])
    w.see("type name", Point.get_typename)
    w.see("registered", lambda: base.by_name("test.point") is Point)
    w.see("unknown", lambda: base.by_name("test.nobody"))
    w.see("taken", lambda: base.alias("test.point", exist_ok=False)(Point))
    w.see("taken again", lambda: base.alias("test.point")(Point) is Point)
    w.see("built in", lambda: sorted(name for name in base.registry if name.startswith("aim.t")))
    w.see("bases", lambda: [kind.__name__ for kind in Point.__mro__])
    w.see("copy", lambda: plain(w, copy.deepcopy(point)))
    w.see("copies are apart", lambda: (copy.deepcopy(point).storage.set("x", 5), point.x)[1])
    w.see("equal", lambda: (point == point, point == Point(1, y=[1, 2])))
    w.see("encoded", lambda: point._aim_encode())
    w.see("attributes stay", lambda: hasattr(copy.deepcopy(point), "other"))

    class Nameless(base):
        pass

    w.see("no name", Nameless.get_typename)
    run = w.run()
    w.see("track without name", lambda: run.track(Nameless(), name="n"))
    w.see("param without name", lambda: run.__setitem__("n", Nameless()))
    run.close()


@case("O08", "storage of an own object", priority="B")
def own_storage(w: World) -> None:
    Point = point_class(w)
    given = {"a": [1, {"b": 2}]}
    point = Point(given, text="t", inner=Point(7))
    storage = point.storage
    given["a"].append(3)
    w.see("copied when set", lambda: storage["x"])
    storage["x"]["a"].append(4)
    w.see("copied when read", lambda: storage["x"])
    w.see("path", lambda: storage["x", "a", 1, "b"])
    w.see("missing", lambda: storage["nope"])
    w.see("missing below", lambda: storage["x", "nope"])
    w.see("get", lambda: (storage.get("nope"), storage.get("nope", 5), storage.get("text")))
    w.see("keys", lambda: list(storage.keys()))
    w.see("items", lambda: [(key, plain(w, value)) for key, value in storage.items()])
    w.see("all", lambda: plain(w, storage[...]))
    w.see("collect", lambda: storage.collect(("x", "a")))
    w.see("collect loosely", lambda: storage.collect("x", strict=False))
    w.see("set by path", lambda: (storage.__setitem__(("x", "n"), 1), storage["x"])[1])
    w.see("set in list", lambda: (storage.__setitem__(("x", "a", 0), 9), storage["x"])[1])
    w.see("set below nothing", lambda: storage.__setitem__(("no", "way"), 1))
    w.see("set", lambda: (storage.set("s", (1, 2)), storage["s"])[1])
    w.see("set all", lambda: storage.__setitem__(..., {}))
    w.see("delete", lambda: (storage.__delitem__(("x", "n")), storage["x"])[1])
    w.see("delete missing", lambda: storage.__delitem__("nope"))
    w.see("subtree", lambda: storage.subtree("x")["a", 0])
    w.see("subtree shares", lambda: (storage.subtree("x").set("m", 2), storage["x", "m"])[1])
    w.see("subtree of an object", lambda: plain(w, storage.subtree("inner")))
    w.see("subtree of all", lambda: storage.subtree(()))
    w.see("view", lambda: type(storage.view(("x", "a"))))
    w.see("make array", lambda: (storage.make_array("arr"), storage["arr"])[1])
    w.see("levels", lambda: list(storage.iterlevel()))
    w.see("keys of a subtree", lambda: sorted(storage.subtree("x").keys()))
    w.see("container", lambda: sorted(storage.container))
    w.see("kinds", lambda: [kind.__name__ for kind in type(storage).__mro__])


@case("O08", "own objects as parameters", priority="B")
def own_parameters(w: World) -> None:
    Point = point_class(w)
    blob = w.sub("aim.storage.types").BLOB
    image = w.aim.Image(np.zeros((2, 3), "uint8"), caption="c")
    run = w.run()
    run["point"] = Point(1)
    run["every"] = Point(EVERY_FIELD)
    run["nested"] = {"deep": {"p": Point(2)}, "list": [Point(3), 4, [Point(5)]]}
    run["inner"] = Point(Point({"p": Point(6)}), text=w.aim.Text("t"), image=image)
    run["blob"] = Point(blob(b"\x00" * 3000), text=blob("text"))
    run["keys"] = Point(1, b=1, a=2, ab=3, Z=4)
    w.see("class", lambda: type(run["point"]))
    run_hash = run.hash
    run.close()
    run = None
    w.sync()
    read = w.aim.Run(run_hash, repo=w.location, read_only=True)
    for name in ("point", "every", "nested", "inner", "blob", "keys"):
        w.see(name, lambda name=name: plain(w, read[name]))
    w.see("property", lambda: read["point"].x)
    w.see("image inside", lambda: read["inner"].storage["image"].to_pil_image().size)
    w.see("order of keys", lambda: list(read["keys"].storage[...]))
    w.see("into it", lambda: (read["point", "x"], read["every", "x", "list", 3, "k", 0]))
    w.see("into what is in it", lambda: read["inner", "x", "x", "p", "x"])
    w.see("object in it", lambda: plain(w, read["inner", "text"]))
    w.see("not in it", lambda: read["point", "nope"])
    w.see("resolved", lambda: plain(w, read.get("nested", resolve_objects=True)))
    w.see("resolved inside", lambda: plain(w, read.get("inner", resolve_objects=True)["x"]))
    w.see("all", lambda: sorted(read[...]))
    w.see("missing", lambda: read.get("nope", 5, resolve_objects=True))


@case("O08", "own objects cannot hold everything", priority="B")
def refused_fields(w: World) -> None:
    Point = point_class(w)
    run = w.run()
    run["kept"] = 1
    for name, value in {
        "object": object(),
        "set": {object()},
        "complex": 1j,
        "function": len,
        "class": Point,
        "in a list": [[object()]],
        "in a dict": {"a": {"b": object()}},
        "in an object": Point(object()),
        "array": np.zeros(2),
        "float key": {0.5: 1},
        "tuple key": {(1, 2): 1},
    }.items():
        w.see(f"param {name}", lambda value=value: run.__setitem__("p", Point(value)))
        w.see(f"track {name}", lambda value=value: run.track(Point(value), name="t"))
    w.see("what was there", lambda: run["kept"])
    run.close()


@case("O08", "changing an own object that is stored", priority="C")
def changed_parameters(w: World) -> None:
    Point = point_class(w)
    run = w.run()
    run["p"] = Point({"a": 1}, y=2)
    w.see("one field", lambda: (run.__setitem__(("p", "x", "a"), 5), plain(w, run["p"]))[1])
    w.see("new field", lambda: (run.__setitem__(("p", "z"), [1]), plain(w, run["p"]))[1])
    w.see("field gone", lambda: (run.__delitem__(("p", "y")), plain(w, run["p"]))[1])
    w.see("replaced", lambda: (run.__setitem__("p", Point(9)), plain(w, run["p"]))[1])
    w.see("by a value", lambda: (run.__setitem__("p", 3), run["p"])[1])
    run.close()


@case("O08", "sequences of own objects", priority="B")
def own_sequences(w: World) -> None:
    Point = point_class(w)
    Sequence = w.sub("aim.sdk.sequence").Sequence
    run = w.run()
    for step in (0, 1, 5):
        run.track(Point(step * 10), name="p", step=step, context={"a": 1})
    run.track([Point(1), Point(2)], name="list", epoch=3)
    run.track({"d": Point(7), "m": 1.5}, step=2)
    w.see("a number after objects", lambda: run.track(1.0, name="p", context={"a": 1}))
    w.see("a text after objects", lambda: run.track(w.aim.Text("t"), name="p", context={"a": 1}))
    w.see("a list after objects", lambda: run.track([Point(1)], name="p", context={"a": 1}))
    Other = point_class(w, "test.other")
    w.see("another type", lambda: run.track(Other(1), name="p", context={"a": 1}))
    run_hash = run.hash
    run.close()
    run = None
    w.sync()
    read = w.aim.Run(run_hash, repo=w.location, read_only=True)
    points = Sequence("p", w.context({"a": 1}), read)
    w.see("values", lambda: [(step, value.x) for step, value in points.values.items()])
    w.see("steps", lambda: (points.first_step(), points.last_step(), len(points), bool(points)))
    w.see("version", lambda: points.version)
    w.see("epochs", lambda: points.epochs.tolist())
    w.see("data", lambda: [value[0].x for _, value in points.data.items()])
    w.see("last", lambda: (points.values.last()[0], points.values.last_value().x))
    w.see("numpy", lambda: points.values.sparse_numpy()[1].dtype.name)
    w.see("lists", lambda: plain(w, Sequence("list", w.context(), read).values.tolist()))
    w.see("epoch", lambda: Sequence("list", w.context(), read).epochs.tolist())
    w.see("from a dict", lambda: Sequence("d", w.context(), read).values[2].x)
    w.see("as another kind", lambda: read.get_text_sequence("p", w.context({"a": 1})))
    w.see("as a metric", lambda: read.get_metric("p", w.context({"a": 1})))
    w.see("metrics", lambda: [metric.name for metric in read.metrics()])
    w.see("known types", lambda: read.collect_sequence_info(("texts", "images")))
    w.see("unknown type", lambda: read.collect_sequence_info("test.point"))
    w.see("empty", lambda: bool(Sequence("nope", w.context(), read)))


@case("O08", "a sequence class for own objects", priority="C")
def own_sequence_class(w: World) -> None:
    Point = point_class(w)
    Sequence = w.sub("aim.sdk.sequence").Sequence

    class Points(Sequence):  # type: ignore[misc, valid-type]  # of whichever subject
        @classmethod
        def allowed_dtypes(cls) -> tuple[str, ...]:
            return ("test.point", "list(test.point)")

        @classmethod
        def sequence_name(cls) -> str:
            return "test_points"

    run = w.run()
    run.track(Point(1), name="p", context={"s": "train"})
    run.track(Point(2), name="p", context={"s": "train"})
    run.track([Point(3)], name="q")
    run_hash = run.hash
    run.close()
    run = None
    w.sync()
    read = w.aim.Run(run_hash, repo=w.location, read_only=True)
    w.see("registered", lambda: Sequence.registry["test_points"] is Points)
    info = read.collect_sequence_info("test_points")["test_points"]
    w.see("info", lambda: sorted((i["name"], i["context"], i["values"]["dtype"]) for i in info))
    w.see("values", lambda: [plain(w, i["values"]["last"]) for i in info if i["name"] == "p"])
    w.see("in the repository", lambda: w.repo.collect_sequence_info("test_points"))
    w.see("data", lambda: [v.x for v in Points("p", w.context({"s": "train"}), read).values])
    del Sequence.registry["test_points"]


@case("O08", "queries by fields of own objects", priority="B")
def own_queries(w: World) -> None:
    Point = point_class(w)
    for x in (1, 2, 3):
        with w.writing() as run:
            run["p"] = Point(x, text=f"t{x}", inner={"deep": [x, {"k": x}]}, p=Point(-x))
            run["n"] = x
    w.sync()
    for expression in (
        "run.p.x == 2",
        "run.p.x > 1",
        'run.p.text == "t3"',
        "run.p.inner.deep[0] == 1",
        'run["p", "x"] == 2',
        'run["p"]["x"] == 2',
        "run.p.p.x == -3",
        "run.p.nope == 1",
        "run.p.x == None",
        "run.p != None",
        "'x' in run.p",
    ):
        w.see(expression, lambda expression=expression: w.count("runs", expression))


@case("O08", "built-in objects with fields of one's own", priority="C")
def fields_beside(w: World) -> None:
    image = w.aim.Image(np.zeros((2, 3), "uint8"), caption="c")
    image.storage["label"] = {"class": 3, "box": [1, 2]}
    image.storage["mask"] = w.aim.Image(np.ones((2, 3), "uint8"))
    text = w.aim.Text("words")
    text.storage["tokens"] = [1, 2]
    run = w.run()
    run["image"] = image
    run.track(text, name="texts")
    run.track(image, name="images")
    run_hash = run.hash
    run.close()
    run = None
    w.sync()
    read = w.aim.Run(run_hash, repo=w.location, read_only=True)
    stored = read["image"]
    w.see("fields", lambda: list(stored.storage.keys()))
    w.see("label", lambda: stored.storage["label"])
    w.see("mask", lambda: np.asarray(stored.storage["mask"].to_pil_image()).tolist())
    w.see("itself", lambda: (stored.json(), np.asarray(stored.to_pil_image()).tolist()))
    texts = read.get_text_sequence("texts", w.context())
    w.see("text", lambda: (texts.values[0].data, texts.values[0].storage["tokens"]))
    images = read.get_image_sequence("images", w.context())
    w.see("tracked", lambda: images.values[0].storage["label"])


@case("O08", "subclasses of built-in objects", priority="C")
def subclasses(w: World) -> None:
    base = w.sub("aim.storage.object").CustomObject

    class Heading(w.aim.Text):  # type: ignore[misc, name-defined]  # of whichever subject
        def level(self) -> int:
            return 1

    @base.alias("test.note")
    class Note(w.aim.Text):  # type: ignore[misc, name-defined]  # of whichever subject
        AIM_NAME = "test.note"

    run = w.run()
    run.track(Heading("h"), name="headings")
    run.track(Note("n"), name="notes")
    run["note"] = Note("n2")
    texts = run.get_text_sequence("headings", w.context())
    w.see("as its kind", lambda: (type(texts.values[0]).__name__, texts.values[0].data))
    w.see("of another type", lambda: run.get_text_sequence("notes", w.context()))
    notes = w.sub("aim.sdk.sequence").Sequence("notes", w.context(), run)
    w.see("its values", lambda: (type(notes.values[0]).__name__, notes.values[0].data))
    w.see("param", lambda: (type(run["note"]).__name__, run["note"].data))
    run.close()


@case("O08", "lists that are not all objects of one type", priority="C")
def mixed_lists(w: World) -> None:
    Sequence = w.sub("aim.sdk.sequence").Sequence
    Point = point_class(w)
    run = w.run()
    w.see("text and point", lambda: run.track([w.aim.Text("a"), Point(1)], name="mixed"))
    w.see("as texts", lambda: plain(w, run.get_text_sequence("mixed", w.context()).values[0]))
    w.see("with numbers", lambda: run.track([Point(1), 3, "s", None], name="numbers"))
    w.see("read", lambda: plain(w, Sequence("numbers", w.context(), run).values[0]))
    w.see("numbers", lambda: run.track([1, 2.5], name="plain"))
    w.see("numbers read", lambda: Sequence("plain", w.context(), run).values[0])
    w.see("texts", lambda: run.track(["a", ["b"]], name="plain texts"))
    w.see("texts read", lambda: Sequence("plain texts", w.context(), run).values[0])
    w.see("tuple", lambda: run.track((1, (2,)), name="tuple"))
    w.see("tuple read", lambda: Sequence("tuple", w.context(), run).values[0])
    w.see("objects", lambda: run.track([object()], name="objects"))
    w.see("metrics", lambda: [metric.name for metric in run.metrics()])
    run.close()


@case("O08", "log records and artifacts are objects", priority="C")
def objects_all(w: World) -> None:
    base = w.sub("aim.storage.object").CustomObject
    LogRecord = w.sub("aim.sdk.logging").LogRecord
    record = LogRecord("m", 20, timestamp=1.5, logger_info=("f.py", 3), a=[1])
    w.see("record", lambda: (isinstance(record, base), record.storage[...]))
    w.see("its json", record.json)
    w.see("bare record", lambda: LogRecord("m", 30, 2.5, ("f.py", 3)).json())
    Artifact = w.sub("aim.sdk.objects.artifact").Artifact
    artifact = Artifact("dir/a.txt", uri="file:///x", name="b/c.txt", size=3)
    w.see("artifact", lambda: (isinstance(artifact, base), artifact.storage[...]))
    w.see("own name", lambda: Artifact("dir/a.txt", uri="file:///x").name)
    LogLine = w.sub("aim.ext.resource.log").LogLine
    w.see("line", lambda: (issubclass(LogLine, w.aim.Text), LogLine("l").data))
    w.see("no line", lambda: LogLine(3))
    w.see("text", lambda: plain(w, w.aim.Text("t")))
    w.see("distribution", lambda: plain(w, w.aim.Distribution([1, 2, 3], bin_count=2)))
    run = w.run()
    run["artifact"] = artifact
    run.track(record, name="own records")
    w.see("stored", lambda: run["artifact"].storage[...])
    sequence = w.sub("aim.sdk.sequence").Sequence("own records", w.context(), run)
    w.see("tracked", lambda: sequence.values[0].json())
    run.close()


@case("O08", "pickles of objects", priority="C")
def pickles(w: World) -> None:
    for item in (
        w.aim.Text("t"),
        w.aim.Image(np.zeros((2, 3), "uint8"), caption="c"),
        w.aim.Distribution([1, 2, 3]),
    ):
        name = item.get_typename()
        w.see(name, lambda item=item: pickle.loads(pickle.dumps(item)).json())


@case("O08", "trees in memory and BLOBs", priority="C")
def trees_and_blobs(w: World) -> None:
    tree_class = w.sub("aim.storage.inmemorytreeview").InMemoryTreeView
    tree = tree_class({"a": {"b": 1, "c": [1, 2]}, "t": "x"})
    w.see("get item", lambda: (tree["a"], tree["a", "c", 1]))
    w.see("set item", lambda: (tree.__setitem__("s", [1]), tree["s"])[1])
    w.see("delete item", lambda: (tree.__delitem__("s"), tree.get("s", "gone"))[1])
    w.see("get", lambda: (tree.get("t"), tree.get(("a", "x"), 5)))
    w.see("set", lambda: (tree.set("n", None), tree["n"])[1])
    w.see("collect", lambda: (tree.collect("a"), tree.collect(...), tree.collect()))
    w.see("view", lambda: tree.view("a")[...])
    w.see("subtree", lambda: tree.subtree(("a", "c"))[1])
    w.see("keys", lambda: list(tree.keys()))
    w.see("items", lambda: list(tree.items()))
    w.see("keys of a part", lambda: list(tree.subtree("a").keys()))
    w.see("eager keys of a part", lambda: tree.keys_eager("a"))
    w.see("eager items of a part", lambda: tree.items_eager("a"))
    w.see("deep keys", lambda: list(tree.keys(level=1)))
    w.see("levels", lambda: list(tree.iterlevel()))
    w.see("make array", lambda: (tree.make_array("arr"), tree["arr"])[1])
    w.see("preload", lambda: tree.preload())
    w.see("finalize", lambda: tree.finalize(tree))
    w.see("container", lambda: sorted(tree.container))
    shared = {"x": [1]}
    loose = tree_class(shared, constructed=False)
    loose["y"] = shared["x"]
    w.see("not copied", lambda: shared["y"] is shared["x"])
    blob = w.sub("aim.storage.types").BLOB
    w.see("load", lambda: (blob(b"abc").load(), blob(data=b"x").load(), blob("text").load()))
    w.see("bytes", lambda: (bytes(blob(b"abc")), len(blob(b"abc"))))
    w.see("loader", lambda: blob(loader_fn=lambda: b"late").load())
    w.see("transform", lambda: blob(b"abc").transform(bytes.upper).load())
    w.see("transform later", lambda: blob(loader_fn=lambda: b"a").transform(bytes.upper).load())
    w.see("copy", lambda: copy.deepcopy(blob(b"abc")).load())
    w.see("copy of a loader", lambda: copy.deepcopy(blob(loader_fn=lambda: b"l")).load())
    w.see("empty", lambda: blob().load())


@case("O03", "members of built-in objects", priority="B")
def members(w: World) -> None:
    audio = w.aim.Audio
    w.see("audio", lambda: (audio.UNKNOWN, audio.MP3, audio.WAV, audio.FLAC, audio.audio_formats))
    image = w.aim.Image
    w.see("image", lambda: (image.DEFAULT_IMG_FORMAT, type(image.FLAG_WARN_RGBA_RGB)))
    names = ("Image", "Audio", "Text", "Distribution", "Figure")
    w.see("types", lambda: [getattr(w.aim, name).AIM_NAME for name in names])
    record = w.sub("aim.sdk.logging").LogRecord
    line = w.sub("aim.ext.resource.log").LogLine
    artifact = w.sub("aim.sdk.objects.artifact").Artifact
    w.see("others", lambda: [kind.AIM_NAME for kind in (record, line, artifact)])
    one = record("m", 20, 1.5, ("f", 1))
    w.see("record", lambda: (one.message, one.level, hash(one) == hash(one), one == one))
    made = artifact("d/a.txt", uri="file:///x")
    w.see("artifact", lambda: (made.name, made.path, made.uri))
    offset = w.sub("aim.sdk.objects.figure").matplotlib_get_offset_position
    w.see("offset", lambda: offset(None))
    dist = w.aim.Distribution([1.0, 2.0], bin_count=2)
    w.see("distribution", lambda: (dist.bin_count, dist.range, dist.weights, dist.ranges))
    s3 = w.sub("aim.storage.artifacts.s3_storage")
    w.see("s3", lambda: issubclass(s3.S3ArtifactStorage_factory(), s3.S3ArtifactStorage))
    registry = w.sub("aim.storage.artifacts").registry
    before = registry.registry["s3"]
    s3.S3ArtifactStorage_clientconfig(endpoint_url="http://127.0.0.1:1")
    w.see("s3 configured", lambda: registry.registry["s3"] is before)
    registry.registry["s3"] = before

"""Helpers of Aim's that libraries and users borrow: numbers, type names, paths, environment."""

from __future__ import annotations

import gc
import os
import subprocess
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


class _Foreign:
    """A class that looks as if a library had made it."""

    def __init__(self, value: float) -> None:
        self._value = value

    def item(self) -> float:
        return self._value

    def numpy(self) -> _Foreign:
        return self


def _foreign(name: str, module: str) -> Any:
    return type(name, (_Foreign,), {"__module__": module})(2.5)


def _values() -> dict[str, Any]:
    import numpy as np

    return {
        "int": 3,
        "bool": True,
        "float": 1.5,
        "text": "1",
        "none": None,
        "complex": 1j,
        "list": [1],
        "int64": np.int64(4),
        "float32": np.float32(0.5),
        "bool_": np.bool_(True),
        "array": np.array([1.5]),
        "0-d": np.array(2),
        "several": np.array([1, 2]),
        "torch": _foreign("Tensor", "torch"),
        "parameter": type("Parameter", (type(_foreign("Tensor", "torch")),), {})(1.0),
        "tensorflow": _foreign("EagerTensor", "tensorflow.python.framework.ops"),
        "jax": _foreign("ArrayImpl", "jaxlib.xla_extension"),
        "old jax": _foreign("DeviceArray", "jaxlib.xla_extension"),
        "other": _foreign("Tensor", "mindspore"),
        "class": int,
    }


@case("T02", "telling numbers of libraries apart", priority="B")
def numbers(w: World) -> None:
    module = w.sub("aim.sdk.num_utils")
    values = _values()
    for name in (
        "is_py_number",
        "is_number",
        "is_numpy_array",
        "is_numpy_number",
        "is_pytorch_tensor",
        "is_tf_tensor",
        "is_jax_device_array",
    ):
        tell = getattr(module, name)
        w.see(name, lambda tell=tell: [key for key, value in values.items() if tell(value)])
    for key, value in values.items():
        w.see(f"plain {key}", lambda value=value: module.convert_to_py_number(value))
        w.see(f"titles {key}", lambda value=value: module.get_inst_type_str(value))
        w.see(f"bases {key}", lambda value=value: module.get_inst_base_types(value))
    w.see("words", lambda: module.inst_has_typename(values["torch"], ["torch", "Tensor"]))
    w.see("no words", lambda: module.inst_has_typename(values["int"], []))
    image = w.sub("aim.sdk.objects.image")
    w.see("same function", lambda: image.inst_has_typename is module.inst_has_typename)


@case("S10", "names of types", priority="C")
def type_names(w: World) -> None:
    module = w.sub("aim.sdk.utils")
    values = [1, True, 1.5, "t", b"b", {}, [], (), [1], [[1.5]], ["a", 1], None, object(), {1}]
    for number, value in enumerate(values):
        w.see(f"name {number}", lambda value=value: module.get_object_typename(value))
    w.see("object", lambda: module.get_object_typename(w.aim.Text("t")))
    w.see("objects", lambda: module.get_object_typename([w.aim.Text("t")]))
    names = ["int", "float", "number", "str", "list", "list(int)", "list(aim.image)", "aim.image"]
    heard: list[Any] = []

    def widened(old: str, new: str) -> None:
        heard.append((old, new))

    w.see(
        "fits",
        lambda: [
            (new, old)
            for new in names
            for old in names
            if module.check_types_compatibility(new, old, widened)
        ],
    )
    w.see("widened", lambda: heard)
    w.see("nobody asked", lambda: module.check_types_compatibility("int", "float"))


@case("Q02", "finding a repository from code", priority="B")
def search(w: World) -> None:
    module = w.sub("aim.sdk.utils")
    deep = Path(w.directory) / "a" / "b"
    deep.mkdir(parents=True)
    outside = Path(w.directory).parent
    w.aim.Repo.from_path(w.directory, init=True)
    w.see("here", lambda: module.search_aim_repo(w.directory))
    w.see("below", lambda: module.search_aim_repo(str(deep)))
    w.see("relative", lambda: module.search_aim_repo("."))
    w.see("types", lambda: [type(x).__name__ for x in module.search_aim_repo(str(outside))])
    w.see("name", lambda: module.get_aim_repo_name())
    w.see("same", lambda: w.sub("aim.sdk.configs").get_aim_repo_name is module.get_aim_repo_name)
    os.environ["__AIM_REPO_NAME__"] = ".mine"
    try:
        w.see("another name", lambda: module.get_aim_repo_name())
    finally:
        del os.environ["__AIM_REPO_NAME__"]
    before = os.getcwd()
    with module.work_directory(str(deep)):
        w.see("inside", os.getcwd)
    w.see("afterwards", lambda: os.getcwd() == before)

    def fail() -> None:
        with module.work_directory(str(deep)):
            raise KeyError("x")

    w.see("failing", fail)
    w.see("after failing", lambda: os.getcwd() == before)
    w.see("hash lengths", lambda: [len(module.generate_run_hash(n)) for n in (8, 24, 40)])


@case("R17", "facts about the process", priority="B")
def environment(w: World) -> None:
    module = w.sub("aim.ext.utils")
    packages = module.get_installed_packages()
    w.see("packages", lambda: [name in packages for name in ("numpy", "pillow", "Pillow")])
    w.see("lower case", lambda: [n for n in packages if n != n.lower() or "_" in n])
    os.environ.update(CASE_PLAIN="1", CASE_API_KEY="2", CASE_TOKEN_X="3", CASE_PassWord="4")
    try:
        variables = module.get_environment_variables()
    finally:
        for name in ("CASE_PLAIN", "CASE_API_KEY", "CASE_TOKEN_X", "CASE_PassWord"):
            os.environ.pop(name, None)
    w.see("variables", lambda: {k: v for k, v in variables.items() if k.startswith("CASE_")})
    w.see("outside git", module.get_git_info)

    def git(*arguments: str) -> None:
        who = ["-c", "user.name=A B", "-c", "user.email=a@b.example"]
        subprocess.run(["git", *who, *arguments], check=True, capture_output=True)

    git("init", "-q", "-b", "trunk")
    w.see("without commits", lambda: module.get_git_info()["commit"])
    Path("f").write_text("x", encoding="utf-8")
    git("add", "f")
    git("commit", "-q", "-m", "m", "--date", "2024-05-06T07:08:09+00:00")
    git("remote", "add", "origin", "https://example.org/r.git")
    info = module.get_git_info()
    w.see("keys", lambda: [list(info), list(info["commit"])])
    w.see("branch", lambda: [info["branch"], info["remote_origin_url"]])
    w.see("commit", lambda: [info["commit"]["author"], info["commit"]["timestamp"]])
    w.see("short hash", lambda: 7 <= len(info["commit"]["hash"]) <= 12)


@case("A01", "a none that answers everything", priority="C")
def safe_none(w: World) -> None:
    module = w.sub("aim.storage.types")
    none = module.SafeNone()
    w.see("one", lambda: module.SafeNone() is none)
    w.see(
        "itself", lambda: [x is none for x in (none.a.b, none[1]["x"], none(1, k=2), none.get(3))]
    )
    w.see("equal", lambda: [none == None, none == none, none == 0, none != None])  # noqa: E711
    w.see("false", lambda: bool(none))
    w.see("empty", lambda: list(none))
    w.see("text", lambda: [repr(none), str(none)])
    w.see("hash", lambda: hash(none))
    w.see("sdk", lambda: w.sub("aim.sdk.types").SafeNone is module.SafeNone)

    class One(metaclass=module.Singleton):  # type: ignore[misc]  # a class of the subject
        def __init__(self, x: int = 0) -> None:
            self.x = x

    w.see("first wins", lambda: (One(1).x, One(2).x, One(3) is One()))


@case("A05", "texts of queries", priority="B")
def query_texts(w: World) -> None:
    module = w.sub("aim.storage.query")
    texts = [
        "",
        "  ",
        "run.lr > 1",
        "  run.lr > 1 ",
        "SELECT m:Metric IF m.name == 'if'",
        "select x if y",
        "select x",
        "SELECTION == 1",
        "run.archived",
        "run.archived == True and 1",
    ]
    for number, text in enumerate(texts):
        w.see(f"strip {number}", lambda text=text: module.strip_query(text))
        w.see(f"default {number}", lambda text=text: module.query_add_default_expr(text))
    good = ["", None, "run.lr > 1", "metric.name == 'a'", "images.name in ['a', 'b']", " 1 "]
    bad = ["run.", "run.lr >", "a b", "(", "x = 1", "import os"]
    for number, text in enumerate(good):
        w.see(f"good {number}", lambda text=text: module.syntax_error_check(text))
    for number, text in enumerate(bad):
        w.see(f"bad {number}", lambda text=text: module.syntax_error_check(text))


@case("A05", "a query as an object", priority="C")
def query_objects(w: World) -> None:
    module = w.sub("aim.storage.query")

    class Mine(module.Query):  # type: ignore[misc,name-defined]  # a class of the subject
        def check(self, **params: Any) -> bool:
            return bool(params)

    w.see("mine", lambda: [Mine("x").expr, Mine("x")(), Mine("x")(a=1)])
    query = module.RestrictedPythonQuery("run.lr == 1")
    w.see("expr", lambda: query.expr)
    w.see("empty", lambda: [bool(module.RestrictedPythonQuery("")), bool(query)])
    w.see("malformed", lambda: module.RestrictedPythonQuery("run."))
    w.see("names", lambda: sorted(query.allowed_params))
    w.see("unknown name", lambda: query.check(session=1))


@case("R17", "measurements", priority="C")
def measurements(w: World) -> None:
    module = w.sub("aim.ext.resource.stat")
    import psutil

    stat = module.Stat(psutil.Process())
    w.see("names", lambda: list(stat.system))
    w.see("sane", lambda: [0 <= value <= 6400 for value in stat.system.values()])
    w.see("gpus", lambda: stat.gpus)
    w.see("item", lambda: [type(stat.stat_item).__name__, list(stat.stat_item.to_dict())])
    w.see("process", lambda: type(stat.process).__name__)
    one, two = module.StatDict({"cpu": 1.0, "a": 2}), module.StatDict({"cpu": 2.0})
    for mode in ("average", "min", "max", "diff", "sum"):
        w.see(mode, lambda mode=mode: module.StatDict.aggregate_items([one, two], mode).system)
    w.see("nothing", lambda: module.StatDict.aggregate_items([]).to_dict())
    w.see("text", lambda: str(one))
    w.see("round", lambda: module.round10e5(1.23456789))


@case("R12", "objects that clean up after themselves", priority="C")
def cleanup(w: World) -> None:
    module = w.sub("aim.ext.cleanup")
    heard: list[str] = []

    class Owner:
        pass

    class Clean(module.AutoClean):  # type: ignore[misc,name-defined]  # a class of the subject
        def __init__(self, instance: Owner, name: str) -> None:
            super().__init__(instance)
            self.name = name

        def _close(self) -> None:
            heard.append(self.name)

    owner, other = Owner(), Owner()
    first, second = Clean(owner, "first"), Clean(other, "second")
    first.close()
    first.close()
    w.see("closed once", lambda: list(heard))
    w.see("alive", lambda: [first.finalizer.alive, second.finalizer.alive])
    del other
    gc.collect()
    w.see("collected", lambda: list(heard))
    del owner
    gc.collect()
    w.see("not twice", lambda: list(heard))
    w.see("priority", lambda: [module.AutoClean.PRIORITY, module.AutoClean.stop_signal.is_set()])


@case("M05", "attributes that importing leaves on the package", priority="B", fresh=True)
def attributes(w: World) -> None:
    names = (
        "callbacks configs errors ext logging num_utils objects repo repo_utils run sdk sequence "
        "sequence_collection sequences storage training_flow types utils data_version base_run "
        "lock_manager cli"
    ).split()
    w.see("modules", lambda: [n for n in names if not isinstance(getattr(w.aim, n), ModuleType)])
    w.see(
        "classes",
        lambda: [
            w.aim.run.Run is w.aim.Run,
            w.aim.repo.Repo is w.aim.Repo,
            w.aim.objects.Image is w.aim.Image,
            w.aim.errors.MissingRunError is w.sub("aim.sdk.errors").MissingRunError,
            w.aim.types.QueryReportMode is w.sub("aim.sdk.types").QueryReportMode,
            w.aim.training_flow.TrainingFlow is w.aim.TrainingFlow,
            w.aim.callbacks.events.on is w.sub("aim.sdk.callbacks.events").on,
        ],
    )
    w.see("utils", lambda: callable(w.aim.utils.enable_safe_mode))
    w.see("check", w.aim.python_version_deprecation_check)
    result = w.aim.run_process("version", {})
    w.see("version", lambda: [result.status.name, result.info])
    w.see("unknown", lambda: w.aim.run_process("x", {}).status.name)
    w.see("entry point", lambda: callable(w.sub("aim.cli.cli").cli_entry_point))
    constants = w.sub("aim.cli.configs")
    w.see("commands", lambda: {n: getattr(constants, n) for n in dir(constants) if n.isupper()})


@case("R07", "upkeep of a repository", priority="C")
def upkeep(w: World) -> None:
    with w.writing() as run:
        run["a"] = 1
        run_hash = run.hash
    del run
    repo = w.aim.Repo.from_path(w.location)
    manager = w.sub("aim.sdk.index_manager").RepoIndexManager.get_index_manager(repo)
    again = w.sub("aim.sdk.index_manager").RepoIndexManager.get_index_manager(repo)
    w.see("one for a repository", lambda: manager is again)
    w.see("index", lambda: manager.index(run_hash))
    w.see("readable", lambda: [c.run["a"] for c in w.query("runs", "run.a == 1").iter_runs()])
    locks = w.sub("aim.sdk.lock_manager").LockManager(repo.path)
    info = locks.get_run_lock_info(run_hash)
    w.see("locked", lambda: [info.locked, info.run_hash, info.age()])
    w.see("release", lambda: [locks.release_locks(run_hash, force=f) for f in (False, True)])
    w.see("file", lambda: locks.softlock_fname("h"))
    lock = locks.get_run_lock(run_hash)
    w.see("lock", lambda: lock.lock())
    w.see("unlock", lambda: lock.release())
    w.see("prune", lambda: w.sub("aim.sdk.utils").prune(repo))
    maintained = w.sub("aim.sdk.maintenance_run").MaintenanceRun(run_hash, repo=repo)
    w.see("old format", lambda: [maintained.hash, maintained.check_metrics_version()])

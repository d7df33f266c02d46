"""What modules and classes offer besides the everyday: constants, types, hierarchy, leftovers."""

from __future__ import annotations

import copy
import importlib
import inspect
import logging
import threading
import typing
from typing import TYPE_CHECKING, Any

from conformance.case import case
from conformance.hierarchy import bases

if TYPE_CHECKING:
    from conformance.world import World


@case("M06", "constants of modules", priority="C")
def constants(w: World) -> None:
    w.see("version", lambda: w.aim.__version__.__version__)
    configs = w.sub("aim.sdk.configs")
    w.see("tracking thread", lambda: configs.AIM_ENABLE_TRACKING_THREAD)
    w.see("repository", lambda: configs.AIM_REPO_NAME)
    w.see("indexing timeout", lambda: configs.AIM_RUN_INDEXING_TIMEOUT)
    w.see("data version", lambda: w.sub("aim.sdk.data_version").DATA_VERSION)
    for module in ("aim.ext.resource", "aim.ext.resource.configs"):
        resource = w.sub(module)
        w.see(f"{module} prefix", lambda resource=resource: resource.AIM_RESOURCE_METRIC_PREFIX)
        w.see(f"{module} interval", lambda resource=resource: resource.DEFAULT_SYSTEM_TRACKING_INT)
    w.see("interval", lambda: w.sub("aim.sdk.run").DEFAULT_SYSTEM_TRACKING_INT)
    w.see("deprecated", lambda: w.sub("aim.utils.deprecation").DEFAULT_MSG_TEMPLATE)
    lists = w.sub("aim.sdk.utils").any_list_regex
    w.see("list", lambda: bool(lists.match("list(aim.image)")))
    w.see("no list", lambda: bool(lists.match("aim.image")))


@case("M06", "types of values", priority="C")
def value_types(w: World) -> None:
    types = w.sub("aim.sdk.types")
    for name in ("Key", "Path", "Primitive", "Array", "Dict", ""):
        alias = getattr(types, f"AimObject{name}")
        w.see(
            f"AimObject{name}",
            lambda alias=alias: [
                getattr(each, "__name__", str(each)) for each in typing.get_args(alias)
            ],
        )
        w.see(f"origin of AimObject{name}", lambda alias=alias: str(typing.get_origin(alias)))
    w.see("one", lambda: types.AimObject == w.sub("aim.sdk.run").AimObject)
    w.see("everywhere", lambda: types.AimObject == w.sub("aim.storage.types").AimObject)


@case("M06", "enumerations", priority="B")
def enumerations(w: World) -> None:
    modes = w.sub("aim.sdk.types").QueryReportMode
    w.see("modes", lambda: [(mode.name, mode.value) for mode in modes])
    w.see("bar", lambda: modes.PROGRESS_BAR.value)
    w.see("by value", lambda: modes(2) is modes.PROGRESS_TUPLE)
    w.see("unknown", lambda: modes(3))
    status = w.sub("aim.sdk.repo").RepoStatus
    w.see(
        "statuses",
        lambda: [
            (each.name, each.value)
            for each in (
                status.MISSING,
                status.UPDATE_REQUIRED,
                status.PATCH_REQUIRED,
                status.UPDATED,
            )
        ],
    )
    w.see("bases", lambda: [bases(modes), bases(status)])


@case("R16", "classes of runs", priority="B")
def run_classes(w: World) -> None:
    module = w.sub("aim.sdk.run")
    w.see("bases", lambda: [bases(cls) for cls in (module.Run, module.BasicRun)])
    w.see("base", lambda: module.BaseRun is w.sub("aim.sdk.base_run").BaseRun)
    known = written_by_a_basic_run(w)
    w.sync()
    read = module.BasicRun(known, repo=w.location, read_only=True)
    w.see("read", lambda: (read.read_only, read.experiment, read.hash == known))
    w.see("equal", lambda: read == w.repo.get_run(known))
    w.see("hash", lambda: hash(read) == hash(w.repo.get_run(known)))
    w.see("props", lambda: (read.props.name == read.name, read.props.experiment, read.props.tags))
    w.see("missing", lambda: module.BasicRun("0" * 24, repo=w.location))
    w.see("none", lambda: module.BasicRun(repo=w.location, read_only=True))
    w.see("positional", lambda: module.BasicRun(None, w.location))


def written_by_a_basic_run(w: World) -> str:
    run = w.sub("aim.sdk.run").BasicRun(repo=w.location, experiment="quiet")
    run.track(1.0, name="loss", step=0, context={"a": 1})
    run.track(w.aim.Text("one"), name="words", step=0)
    w.see("is a Run", lambda: isinstance(run, w.aim.Run))
    w.see("experiment", lambda: run.experiment)
    w.see("repr", lambda: repr(run))
    w.see("context", lambda: run.idx_to_ctx(w.context({"a": 1}).idx).to_dict())
    w.see("no context", lambda: run.idx_to_ctx(12345))
    w.see(
        "by type",
        lambda: sorted(
            (name, str(context.to_dict()), of.hash == run.hash)
            for name, context, of in run.iter_sequence_info_by_type(("aim.text", "float"))
        ),
    )
    w.see("one type", lambda: [name for name, *_ in run.iter_sequence_info_by_type("aim.text")])
    w.see("old metrics", run.check_metrics_version)
    run.close()
    known: str = run.hash
    return known


@case("R16", "the base of runs", priority="C")
def base_run(w: World) -> None:
    base = w.sub("aim.sdk.base_run").BaseRun
    with w.writing() as run:
        known = run.hash
    del run
    w.sync()
    w.see("by itself", lambda: base(known, w.location, True))

    class Reader(base):  # type: ignore[valid-type,misc]  # whichever module it is
        pass

    read = Reader(known, w.location, True)
    w.see("read", lambda: (read.hash == known, read.read_only, hash(read) == hash(read)))
    w.see("repr", lambda: repr(read))
    w.see("old metrics", read.check_metrics_version)
    w.see("update", read.update_metrics)
    w.see("repository", lambda: read.repo == w.repo)
    w.see("missing", lambda: Reader("0" * 24, w.location))
    w.see("none", lambda: Reader(repo=w.location, read_only=True))


@case("R16", "run classes of one's own", priority="B")
def own_run_classes(w: World) -> None:
    class Logger(w.aim.Run):  # type: ignore[misc,name-defined]  # whichever module it is
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.calls = 0

        def track(self, value: Any, *args: Any, **kwargs: Any) -> None:
            self.calls += 1
            super().track(value, *args, **kwargs)

    quiet = {"system_tracking_interval": None, "capture_terminal_logs": False}
    run = Logger(repo=w.location, **quiet)
    run.track(1.0, name="loss")
    run["lr"] = 0.1
    w.see("calls", lambda: run.calls)
    w.see("value", lambda: run.get_metric("loss", w.context()).values.values_list())
    w.see("parameter", lambda: run["lr"])
    w.see("isinstance", lambda: isinstance(run, w.aim.Run))
    w.see("tags", lambda: (run.add_tag("own"), run.tags))
    w.see(
        "signature",
        lambda: [str(each) for each in inspect.signature(w.aim.Run.track).parameters],
    )
    run.close()


@case("Q04", "fields of collections", priority="C")
def collection_fields(w: World) -> None:
    with w.writing() as run:
        run.track(1.0, name="loss", step=0)
    del run
    w.sync()
    runs = w.query("runs", "run.hash != ''")
    w.see("runs", lambda: (runs.repo == w.repo, runs.paginated, runs.offset))
    w.see("classes of runs", lambda: (runs.seq_cls.__name__, runs.report_mode.name))
    w.see("bases of runs", lambda: bases(type(runs)))
    w.see("sequences of runs", lambda: [each.name for each in runs.iter()])
    found = w.query("metrics", "metric.name == 'loss'")
    w.see("metrics", lambda: (found.repo == w.repo, found.query, found.report_mode.name))
    w.see("class of metrics", lambda: found.seq_cls.__name__)
    w.see("bases of metrics", lambda: bases(type(found)))
    w.see("found", lambda: [each.name for each in found.iter()])
    single = next(runs.iter_runs()).run.metrics()
    w.see("one run", lambda: (single.run.repo == w.repo, single.seq_cls.__name__))
    w.see("its metrics", lambda: [each.name for each in single.iter()])
    w.see("its runs", lambda: list(single.iter_runs()))
    made = w.sub("aim.sdk.sequence_collection")
    w.see("base", lambda: bases(type(made.SequenceCollection())))
    w.see("base's sequences", lambda: made.SequenceCollection().iter())
    w.see("base's runs", lambda: made.SequenceCollection().iter_runs())


@case("Q04", "collections made by hand", priority="C")
def collections(w: World) -> None:
    with w.writing() as run:
        run.track(1.0, name="loss", step=0)
        run.track(w.aim.Text("one"), name="words", step=0)
    del run
    w.sync()
    w.see("query", lambda: w.count("runs", ""))
    made, off = (
        w.sub("aim.sdk.sequence_collection"),
        w.sub("aim.sdk.types").QueryReportMode.DISABLED,
    )
    runs = made.QueryRunSequenceCollection(w.repo, query="run.archived == False", report_mode=off)
    w.see("runs", lambda: sum(1 for _ in runs.iter_runs()))
    w.see("query of runs", lambda: type(runs.query).__name__)
    metrics = made.QuerySequenceCollection(w.repo, w.aim.Metric, "metric.name == 'loss'", off)
    w.see("metrics", lambda: [each.name for each in metrics])
    one = next(w.query("runs", "").iter_runs()).run
    words = made.SingleRunSequenceCollection(one, w.aim.Texts)
    w.see("class", lambda: (words.seq_cls.__name__, words.runs_proxy_cache))
    w.see("words", lambda: [each.name for each in words])
    narrow = made.SingleRunSequenceCollection(one, w.aim.Metric, "metric.name == 'acc'")
    w.see("query of one run", lambda: type(narrow.query).__name__)
    w.see("narrowed", lambda: [each.name for each in narrow])
    w.see("malformed", lambda: made.SingleRunSequenceCollection(one, w.aim.Metric, "a =="))


@case("Q02", "what a repository says of itself", priority="C")
def repository_facts(w: World) -> None:
    with w.writing(experiment="one") as run:
        run.track(1.0, name="loss", step=0)
        known = run.hash
    with w.writing(experiment="two") as other:
        other.track(2.0, name="loss", step=0)
        newest = other.hash
    del run, other
    w.sync()
    repo = w.repo
    w.see("read_only", lambda: repo.read_only)
    w.see("queue", lambda: w.aim.Repo.tracking_queue)
    w.see("version", lambda: w.aim.Repo.get_version(w.location))
    w.see("no version", lambda: w.aim.Repo.get_version(w.directory + "/nope"))
    w.see("index", repo.is_index_corrupted)
    w.see("corrupted", repo.list_corrupted_runs)
    w.see("prune", repo.prune)
    w.see("query", lambda: sum(1 for _ in w.query("runs", "").iter_runs()))
    w.see("from cache", lambda: [each.hash == newest for each in repo.iter_runs_from_cache()])
    w.see("offset", lambda: [each.hash == known for each in repo.iter_runs_from_cache(newest)])
    w.see("props", lambda: repo.request_props(known, True).experiment)
    w.see("valid", lambda: repo.validate_sequence_types(("metric", "texts")))
    w.see("invalid", lambda: repo.validate_sequence_types(("metric", "nope")))
    w.see("structured", lambda: repo.structured_db.find_run(known).experiment)

    def atomic() -> str:
        with repo.atomic_track(known):
            return "in"

    w.see("atomic", atomic)


@case("Q11", "deleting an experiment", priority="C")
def delete_experiment(w: World) -> None:
    with w.writing(experiment="gone") as run:
        run.track(1.0, name="loss", step=0)
    with w.writing(experiment="stays") as run:
        run.track(1.0, name="loss", step=0)
    del run
    w.sync()
    repo = w.repo
    ids = {each.name: each.uuid for each in repo.structured_db.experiments()}
    w.see("experiments", lambda: "gone" in ids)
    w.see("delete", lambda: repo.delete_experiment(ids["gone"]))
    w.see("left", lambda: "gone" in [each.name for each in repo.structured_db.experiments()])
    w.see("runs left", lambda: len(repo.list_all_runs()))


@case("O08", "classes of objects", priority="B")
def object_classes(w: World) -> None:
    base = w.sub("aim.storage.object").CustomObject
    kinds = {
        name: getattr(w.aim, name) for name in ("Image", "Audio", "Text", "Distribution", "Figure")
    }
    for name, kind in kinds.items():
        w.see(f"{name}: AIM_NAME", lambda kind=kind: kind.AIM_NAME)
        w.see(f"{name}: typename", lambda kind=kind: kind.get_typename())
        w.see(f"{name}: by name", lambda kind=kind: base.by_name(kind.AIM_NAME) is kind)
        w.see(f"{name}: registered", lambda kind=kind: base.registry[kind.AIM_NAME] is kind)
    w.see("line", lambda: w.sub("aim.ext.resource.log").LogLine.AIM_NAME)
    w.see("record", lambda: w.sub("aim.sdk.logging").LogRecord.AIM_NAME)
    w.see("artifact", lambda: w.sub("aim.sdk.objects.artifact").Artifact.AIM_NAME)
    image, audio = kinds["Image"], kinds["Audio"]
    w.see("image", lambda: (image.DEFAULT_IMG_FORMAT, type(image.FLAG_WARN_RGBA_RGB)))
    w.see("audio", lambda: (audio.UNKNOWN, audio.MP3, audio.WAV, audio.FLAC, audio.audio_formats))
    w.see("unknown", lambda: base.by_name("aim.nope"))
    text = kinds["Text"]("one")
    w.see("copied", lambda: (copy.deepcopy(text).data, copy.deepcopy(text) is text))
    w.see(
        "ranges",
        lambda: kinds["Distribution"].from_histogram([1, 2], (0, 2)).ranges,
    )


@case("M01", "lines and records made by hand", priority="C")
def lines_and_records(w: World) -> None:
    line = w.sub("aim.ext.resource.log").LogLine("one line")
    w.see("line", lambda: line.data)
    record = w.sub("aim.sdk.logging").LogRecord("a message", 20, 1.5, ("file.py", 3), lr=0.1)
    w.see("record", lambda: (record.message, record.level, record.json()))


@case("R07", "locks and index of a repository", priority="C")
def upkeep(w: World) -> None:
    locks = w.sub("aim.sdk.lock_manager")
    w.see("kinds", lambda: [locks.LockType.SOFT_LOCK.value, locks.LockType.UNIX_LOCK.value])
    w.see("versions", lambda: [locks.LockingVersion.LEGACY.value, locks.LockingVersion.NEW.value])
    info = locks.LockInfo("abc")
    w.see("info", lambda: (info.run_hash, info.locked, info.version.name, info.created_at))
    w.see("equal", lambda: info == locks.LockInfo("abc"))
    w.see("hash", lambda: hash(info) == hash(locks.LockInfo("abc")))
    w.see("repr", lambda: repr(info).startswith("LockInfo(run_hash='abc', locked=False"))
    path = w.aim.Repo.from_path(w.directory).path
    manager = locks.LockManager(path)
    w.see("machine", lambda: type(manager.machine_id).__name__)
    w.see("pid", lambda: type(manager.pid).__name__)
    w.see("path", lambda: str(manager.repo_path) == path)
    with w.writing() as run:
        known = run.hash
    del run
    lock = manager.get_run_lock(known)
    w.see("bases", lambda: isinstance(lock, locks.RunLock))
    w.see("class", lambda: type(lock).__name__)
    w.see("whose", lambda: lock.run_hash == known)
    w.see("taken", lambda: (lock.lock(), lock.release()))
    w.see(
        "by hand",
        lambda: locks.SFRunLock(manager, known, w.directory, 1).run_hash == known,
    )
    indexing = w.sub("aim.sdk.index_manager").RepoIndexManager
    w.see("pool", lambda: type(indexing.index_manager_pool).__name__)


@case("R17", "measurements, summed up", priority="C")
def measurements(w: World) -> None:
    stat = w.sub("aim.ext.resource.stat").StatDict
    w.see(
        "modes",
        lambda: (
            stat.AGG_MODE_AVG,
            stat.AGG_MODE_MIN,
            stat.AGG_MODE_MAX,
            stat.AGG_MODE_DIFF,
            stat.AGG_DEFAULT,
        ),
    )
    for mode in (stat.AGG_MODE_AVG, stat.AGG_MODE_MIN, stat.AGG_MODE_MAX, stat.AGG_MODE_DIFF):
        w.see(f"aggregate {mode}", lambda mode=mode: stat.aggregate([1.0, 4.0, 7.0], mode))
    w.see("gpus", lambda: stat({"cpu": 1.0}, [{"gpu": 2.0}]).gpus)
    w.see("system", lambda: stat({"cpu": 1.0}, [{"gpu": 2.0}]).system)


@case("M04", "marks on handlers", priority="C")
def handler_marks(w: World) -> None:
    events, helpers = w.sub("aim.sdk.callbacks.events"), w.sub("aim.sdk.callbacks.helpers")

    def handler(self: object, **kwargs: object) -> None:
        del self, kwargs

    def loose(self: object, lr: float) -> None:
        del self, lr

    w.see("check", lambda: events.check_handler_method_params(handler))
    w.see("check refuses", lambda: events.check_handler_method_params(loose))
    w.see("add", lambda: events.add_handler_event_name(handler, "started"))
    w.see("names", lambda: sorted(helpers.get_handler_event_names(handler)))


@case("M04", "events of a flow that has no handlers", priority="C")
def flow_without_handlers(w: World) -> None:
    with w.writing() as run:
        flow = w.aim.TrainingFlow(run=run)
        w.see("bases", lambda: bases(type(flow)))
        w.see("init", lambda: flow.init(anything=1))
        w.see("raised", lambda: flow.exception_raised(exception=ValueError("x")))
        w.see("run", lambda: flow.run is run)


@case("M09", "actions of the notebook's magic", priority="C")
def actions(w: World) -> None:
    manager = w.sub("aim.cli.manager.manager")
    w.see("commands", lambda: sorted(manager.COMMANDS))
    w.see("prefix", lambda: manager.ERROR_MSG_PREFIX)
    w.see("known", lambda: [manager.validate_command(name) for name in ("up", "version", "nope")])
    failed = manager.ManagerActionResult(manager.ManagerActionStatuses.Failed, {"message": "no"})
    w.see("result", lambda: (failed.status.name, failed.info))
    w.see("statuses", lambda: [status.name for status in manager.ManagerActionStatuses])
    version = manager.run_version({})
    w.see(
        "version",
        lambda: (version.status is manager.ManagerActionStatuses.Succeed, version.info),
    )
    w.see("up", lambda: callable(manager.run_up))


@case("R12", "a thread that is waited for", priority="C")
def patient_thread(w: World) -> None:
    module = w.sub("aim.ext.cleanup")
    heard: list[str] = []
    done = threading.Event()

    def work() -> None:
        heard.append("worked")
        done.set()

    thread = module.RobustExec(target=work, stop_signal=done, daemon=True)
    w.see("signal", lambda: thread.stop_signal is done)
    thread.start()
    thread.join()
    w.see("worked", lambda: heard)
    w.see("is a thread", lambda: isinstance(thread, threading.Thread))
    w.see("cleanup", lambda: callable(module.AutoClean.cleanup))


@case("M06", "functions that modules hand on", priority="C")
def functions(w: World) -> None:
    base = w.sub("aim.sdk.base_run")
    w.see("repository", lambda: base.get_repo(w.location) == w.repo)
    w.see("of a repository", lambda: base.get_repo(w.repo) is w.repo)
    w.see("hash", lambda: base.hash_auto({"a": [1, 2.5, "x", None, True]}))
    w.see("everywhere", lambda: w.sub("aim.storage.hashing").hash_auto is base.hash_auto)
    heard: list[str] = []
    listener = logging.Handler()
    listener.emit = lambda record: heard.append(record.getMessage())  # type: ignore[method-assign]  # a listener of one line
    logger = logging.getLogger("aim.utils.deprecation")
    logger.addHandler(listener)
    try:
        w.sub("aim.utils.deprecation").deprecation_warning(remove_version="4.0", msg="Old.")
    finally:
        logger.removeHandler(listener)
    w.see("deprecated", lambda: heard)


@case("R07", "an index that is watched", priority="C")
def watched_index(w: World) -> None:
    manager = w.sub("aim.sdk.index_manager").RepoIndexManager.get_index_manager(w.repo)
    w.see("whose", lambda: manager.repo == w.repo)
    w.see("path", lambda: str(manager.repo_path) == w.repo.path)
    with w.writing() as run:
        run["a"] = 1
        known = run.hash
    del run
    w.see("queue", lambda: manager.add_run_to_queue(known))
    w.see("methods", lambda: [callable(manager.start), callable(manager.stop)])
    w.see("class", lambda: callable(type(manager).__init__))


@case("A05", "a query asked about a run", priority="C")
def query_check(w: World) -> None:
    queries = w.sub("aim.storage.query")
    w.see("base", lambda: callable(queries.Query("run.a").check))
    w.see("text", lambda: queries.Query("run.a").expr)


@case("R17", "measurements of this process", priority="C")
def own_measurements(w: World) -> None:
    psutil = importlib.import_module("psutil")
    stat = w.sub("aim.ext.resource.stat").Stat(psutil.Process())
    system, gpus = stat.get_stats()
    w.see("measured", lambda: sorted(name for name in system if not name.startswith("gpu")))
    w.see("gpus", lambda: type(gpus).__name__)

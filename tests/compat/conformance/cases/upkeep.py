"""What is around runs: commands as code calls them, locks, the index, trackers, constants."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from typing import TYPE_CHECKING, Any

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


@case("U52", "commands as the notebook calls them", priority="C")
def commands(w: World) -> None:
    module = w.sub("aim.cli.manager.manager")
    statuses = module.ManagerActionStatuses
    w.see("commands", lambda: sorted(module.COMMANDS))
    w.see("known", lambda: [module.validate_command(c) for c in ("up", "version", "x", "")])
    w.see("version", lambda: module.run_version({}).info)
    w.see("same", lambda: module.COMMANDS["version"] is module.run_version)
    w.see("up", lambda: module.COMMANDS["up"] is module.run_up)
    w.see("statuses", lambda: [statuses.Failed.value, statuses.Succeed.value])
    result = module.ManagerActionResult(statuses.Failed, {"message": "m"})
    w.see("result", lambda: [result.status is statuses.Failed, result.info])
    w.see("without info", lambda: module.ManagerActionResult(statuses.Succeed).info)
    w.see("unknown", lambda: module.run_process("x", {}).info)
    w.see("prefix", lambda: module.ERROR_MSG_PREFIX)


@case("R12", "work that an interrupt does not stop", priority="C")
def robust(w: World) -> None:
    module = w.sub("aim.ext.cleanup")
    done = threading.Event()
    heard: list[str] = []

    def work() -> None:
        heard.append("worked")
        done.set()

    worker = module.RobustExec(target=work, stop_signal=done)
    w.see("thread", lambda: isinstance(worker, threading.Thread))
    worker.start()
    worker.join()
    w.see("worked", lambda: [heard, worker.stop_signal is done])


@case("R17", "measuring again and adding up", priority="C")
def adding_up(w: World) -> None:
    module = w.sub("aim.ext.resource.stat")
    import psutil

    kinds = module.StatDict
    w.see("modes", lambda: [kinds.AGG_MODE_AVG, kinds.AGG_MODE_MIN, kinds.AGG_MODE_MAX])
    w.see("more modes", lambda: [kinds.AGG_MODE_DIFF, kinds.AGG_DEFAULT])
    w.see("numbers", lambda: [kinds.aggregate([1.0, 4.0], m) for m in ("average", "diff", "max")])
    w.see("no such mode", lambda: kinds.aggregate([1.0], "median"))
    w.see("gpus", lambda: kinds({}, [{"gpu": 1.0}]).gpus)
    w.see("nothing", lambda: [kinds().system, kinds().gpus])
    w.see("again", lambda: [list(part) for part in module.Stat(psutil.Process()).get_stats()])
    prefix = w.sub("aim.ext.resource").AIM_RESOURCE_METRIC_PREFIX
    interval = w.sub("aim.ext.resource").DEFAULT_SYSTEM_TRACKING_INT
    w.see("constants", lambda: [prefix, interval])


@case("R10", "locks that can be looked at", priority="C")
def locks(w: World) -> None:
    module = w.sub("aim.sdk.lock_manager")
    manager = module.LockManager(w.aim.Repo.from_path(w.directory).path)
    w.see("path", lambda: [type(manager.repo_path).__name__ != "str", manager.repo_path.name[:1]])
    w.see("process", lambda: [type(manager.machine_id).__name__, manager.pid > 0])
    w.see("kinds", lambda: [k.name for k in (module.LockType.SOFT_LOCK, module.LockType.UNIX_LOCK)])
    versions = (module.LockingVersion.LEGACY, module.LockingVersion.NEW)
    w.see("versions", lambda: [version.value for version in versions])
    one, same = module.LockInfo("h"), module.LockInfo(run_hash="h")
    other = module.LockInfo("h", locked=True, created_at=dt.datetime(2020, 1, 1))  # noqa: DTZ001
    w.see("equal", lambda: [one == same, one == other, hash(one) == hash(same)])
    w.see("defaults", lambda: [one.locked, one.version.name, one.type.name, one.created_at])
    w.see("text", lambda: repr(one).startswith("LockInfo(run_hash='h', locked=False"))
    w.see("frozen", lambda: setattr(one, "locked", True))
    w.see("age", lambda: one.age())
    lock = manager.get_run_lock("h", timeout=1)
    w.see("lock", lambda: [type(lock).__name__, lock.run_hash])
    w.see("is a", lambda: isinstance(lock, module.RunLock))


@case("R07", "the index from code", priority="C")
def index(w: World) -> None:
    with w.writing() as run:
        run["a"] = 1
        run_hash = run.hash
    del run
    repo = w.aim.Repo.from_path(w.location)
    kind = w.sub("aim.sdk.index_manager").RepoIndexManager
    manager = kind(repo)
    w.see("of", lambda: [manager.repo is repo, manager.repo_path == repo.path])
    w.see("queue", lambda: manager.add_run_to_queue(run_hash))
    w.see("index", lambda: manager.index(run_hash))
    pooled = kind.get_index_manager(repo)
    w.see("pool", lambda: kind.index_manager_pool[repo.path] is pooled)


@case("T11", "tracking through a tracker", priority="C")
def tracker(w: World) -> None:
    module = w.sub("aim.sdk.tracker")
    run = w.run()
    track = module.RunTracker(run)
    w.see("of", lambda: [track.hash == run.hash, track.repo is run.repo, track.read_only])
    w.see("track", lambda: track(1.0, name="m", step=3, epoch=1, context={"a": 1}))
    w.see("next step", lambda: track(2.0, "m", context={"a": 1}))
    w.see("dict", lambda: track({"x": 1, "y": 2}))
    w.see("no number", lambda: track("text", name="m"))
    w.see("no name", lambda: track(1.0))
    metric = run.get_metric("m", w.context({"a": 1}))
    w.see("values", lambda: sorted(metric.values.values_list()))
    w.see("metrics", lambda: sorted(m.name for m in run.metrics()))
    run.close()


@case("M09", "names of variables and versions", priority="C")
def constants(w: World) -> None:
    configs = w.sub("aim.sdk.configs")
    names = ("AIM_ENABLE_TRACKING_THREAD", "AIM_REPO_NAME", "AIM_RUN_INDEXING_TIMEOUT")
    w.see("variables", lambda: [getattr(configs, name) for name in names])
    w.see("data version", lambda: w.sub("aim.sdk.data_version").DATA_VERSION)
    w.see("version", lambda: w.sub("aim.__version__").__version__)
    w.see("lists", lambda: w.sub("aim.sdk.utils").any_list_regex.match("list(aim.image)").group())
    w.see("no list", lambda: w.sub("aim.sdk.utils").any_list_regex.match("list()"))


@case("M05", "warnings of what goes away", priority="C")
def deprecation(w: World) -> None:
    module = w.sub("aim.utils.deprecation")
    heard: list[tuple[str, str]] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append((record.levelname, record.getMessage()))

    logger = logging.getLogger("aim.utils.deprecation")
    handler = Handler()
    logger.addHandler(handler)
    try:
        w.see("warn", lambda: module.deprecation_warning(remove_version="9.9", msg="100% old"))
        w.see(
            "reworded",
            lambda: module.deprecation_warning(
                remove_version="9.9", msg="old", remove_msg_template="Gone in"
            ),
        )
        w.see("by position", lambda: module.deprecation_warning("9.9", "old"))
    finally:
        logger.removeHandler(handler)
    w.see("heard", lambda: heard)
    w.see("template", lambda: module.DEFAULT_MSG_TEMPLATE)


@case("M04", "the helpers and the rarer events", priority="C")
def rarer_events(w: World) -> None:
    events = w.sub("aim.sdk.callbacks.events")
    helpers = w.sub("aim.sdk.callbacks.helpers")
    heard: list[Any] = []

    def handler(self: Any, **kwargs: Any) -> None:
        heard.append(sorted(kwargs))

    w.see("same", lambda: events.add_handler_event_name is helpers.add_handler_event_name)
    w.see("check", lambda: events.check_handler_method_params(handler))
    w.see("check bad", lambda: events.check_handler_method_params(lambda self, x: None))
    events.add_handler_event_name(handler, "init")
    events.add_handler_event_name(handler, "exception_raised")
    w.see("names", lambda: sorted(helpers.get_handler_event_names(handler)))
    handlers = type("Handlers", (), {"handle": handler})()
    run = w.run()
    flow = w.aim.TrainingFlow(run=run, callbacks=[handlers])
    w.see("init", flow.init)
    w.see("failed", lambda: flow.exception_raised(exception=ValueError()))
    w.see("heard", lambda: heard)
    query = w.sub("aim.storage.query").Query
    w.see("a bare query", lambda: [query("x").expr, callable(query("x").check)])
    run.close()

"""Events and handlers in detail, and what safe mode covers."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


@contextmanager
def _records(name: str) -> Iterator[list[str]]:
    """What is logged below a name, as level and first line."""
    found: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(f"{record.levelname} {record.name} {record.getMessage().splitlines()[0]}")

    handler = Handler()
    logger = logging.getLogger(name)
    logger.addHandler(handler)
    try:
        yield found
    finally:
        logger.removeHandler(handler)


@case("M04", "callers and events of one's own", priority="B")
def callers(w: World) -> None:
    module = w.sub("aim.sdk.callbacks")
    on = module.events.on
    heard: list[Any] = []

    class Mine(module.Caller):  # type: ignore[misc,name-defined]  # a class of the subject
        @module.event
        def ping(self, *, n: int, **kwargs: Any) -> None:
            heard.append("the body runs")

        @module.event
        def pong(self) -> None:
            """Nobody listens."""

    class Handlers:
        other = 3

        @on.ping
        def second(self, n: int, **kwargs: Any) -> None:
            heard.append(("second", n, sorted(kwargs)))

        @on.ping
        @on.pong
        def first(self, **kwargs: Any) -> str:
            heard.append(("first", sorted(kwargs), kwargs["_caller_"] is caller))
            return "ignored"

        @on.ping
        def third(self, missing: int, **kwargs: Any) -> None:
            heard.append("not reached")

    caller: Any = Mine()
    w.see("nobody registered", lambda: caller.ping(n=1))
    w.see("register", lambda: caller.register(Handlers()))
    with _records("aim.sdk.callbacks.caller") as logged:
        w.see("ping", lambda: caller.ping(n=2, extra="x"))
    w.see("logged", lambda: logged)
    w.see("pong", lambda: caller.pong())
    w.see("trigger", lambda: caller.trigger("pong"))
    w.see("nobody handles it", lambda: caller.trigger("nobody"))
    w.see("heard", lambda: heard)
    w.see("by position", lambda: caller.ping(1))
    w.see("not iterable", lambda: module.Caller(Handlers()))
    w.see("two of a kind", lambda: _count(module, on))
    w.see("same decorator", lambda: module.event is module.predefine_event)
    w.see("all", lambda: {"Caller", "event", "events"} - set(module.__all__))


def _count(module: Any, on: Any) -> int:
    heard: list[int] = []

    class Handlers:
        @on.e
        def handle(self, **kwargs: Any) -> None:
            heard.append(1)

    handlers = Handlers()
    caller = module.Caller([handlers, handlers])
    caller.trigger("e")
    return len(heard)


@case("M04", "an interrupt in a handler ends the training", priority="B")
def interrupts(w: World) -> None:
    module = w.sub("aim.sdk.callbacks")

    class Handlers:
        @module.events.on.e
        def handle(self, what: type[BaseException], **kwargs: Any) -> None:
            raise what

    caller = module.Caller([Handlers()])

    def trigger(what: type[BaseException]) -> str:
        try:
            caller.trigger("e", what=what)
        except BaseException as error:  # noqa: BLE001  # observed, not swallowed
            return type(error).__name__
        return "swallowed"

    w.see("interrupt", lambda: trigger(KeyboardInterrupt))
    w.see("exit", lambda: trigger(SystemExit))
    w.see("stop", lambda: trigger(StopIteration))


@case("M04", "signatures of handlers and events", priority="B")
def signatures(w: World) -> None:
    on = w.sub("aim.sdk.callbacks.events").on
    event = w.sub("aim.sdk.callbacks").event

    def good(self: Any, a: int, *, b: int = 1, **kwargs: Any) -> None:
        """A handler."""

    def no_kwargs(self: Any, a: int) -> None: ...
    def no_self(a: int, **kwargs: Any) -> None: ...
    def only_self(self: Any) -> None: ...
    def only_kwargs(**kwargs: Any) -> None: ...
    def nothing() -> None: ...
    def stars(self: Any, *args: Any, **kwargs: Any) -> None: ...
    def positional(self: Any, a: int, /, **kwargs: Any) -> None: ...
    def plain(self: Any, a: int = 0) -> None: ...

    for method in (good, no_kwargs, no_self, only_self, only_kwargs, nothing, stars, positional):
        w.see(f"handler {method.__name__}", lambda m=method: on.some_event(m) is m)
    for method in (good, no_kwargs, only_self, plain, stars, positional):
        w.see(f"event {method.__name__}", lambda m=method: callable(event(m)))
    helpers = w.sub("aim.sdk.callbacks.helpers")
    on.another(good)
    w.see("names", lambda: helpers.get_handler_event_names(good))
    w.see("handles", lambda: [helpers.handles_events(good), helpers.handles_events(plain)])
    w.see("no names", lambda: helpers.get_handler_event_names(plain))


@case("M04", "a training flow", priority="B")
def flow(w: World) -> None:
    on = w.sub("aim.sdk.callbacks.events").on
    heard: list[Any] = []

    class Handlers:
        @on.init
        @on.training_started
        @on.training_successfully_finished
        def any_of_them(self, run: Any, **kwargs: Any) -> None:
            heard.append((type(run).__name__, sorted(kwargs)))

        @on.exception_raised
        def failed(self, exception: Exception, function: Any, **kwargs: Any) -> None:
            expected = {"track": ValueError, "set": TypeError}[function.__name__]
            heard.append((isinstance(exception, expected), function.__name__, sorted(kwargs)))

    resistant = w.sub("aim.ext.exception_resistant")
    run = w.run()
    training = w.aim.TrainingFlow(run, [Handlers()])
    w.see("kept", lambda: training.run is run)
    training.training_started(hparams={"lr": 1}, more=2)
    training.training_started()
    training.training_successfully_finished(run="mine")
    try:
        w.see("handle_exceptions", training.handle_exceptions)
        w.see("track", lambda: run.track("x", name="y"))
        w.see("set", lambda: run.set("k", object()))
    finally:
        resistant.disable_safe_mode()
    w.see("heard", lambda: heard)
    w.see("without callbacks", lambda: w.aim.TrainingFlow(run=run).trigger("x"))
    w.see("without a run", lambda: w.aim.TrainingFlow())
    run.close()


@case("R18", "what safe mode covers", priority="B")
def covered(w: World) -> None:
    resistant = w.sub("aim.ext.exception_resistant")
    run = w.run()
    resistant.enable_safe_mode()
    try:
        with _records("aim.ext.exception_resistant") as logged:
            w.see("track", lambda: run.track("x", name="a"))
            w.see("again", lambda: run.track("x", name="a"))
            w.see("no name", lambda: run.track(1.0))
            w.see("set item", lambda: run.__setitem__("a", object()))
            w.see("set", lambda: run.set("a", object()))
            w.see("artifact", lambda: run.log_artifact("nofile"))
            w.see("artifacts", lambda: run.log_artifacts("nofile"))
            w.see("missing run", lambda: type(w.run("dead")).__name__)
            w.see("unknown argument", lambda: type(w.run(nope=1)).__name__)
        w.see("logged", lambda: [text.split(" raised in ")[-1] for text in logged])
        w.see("levels", lambda: sorted({text.split()[0] for text in logged}))
        w.see("deleting", lambda: run.__delitem__("nope"))
        w.see("reading", lambda: run["nope"])
        w.see("closing", run.close)
    finally:
        resistant.disable_safe_mode()


@case("R18", "the decorators", priority="C")
def decorators(w: World) -> None:
    resistant = w.sub("aim.ext.exception_resistant")

    def fail(x: int = 1) -> int:
        """Fails at zero."""
        return 1 // x

    guarded = resistant.noexcept(fail)
    silent = resistant.exception_resistant(silent=True)(fail)
    loud = resistant.exception_resistant(silent=False)(fail)
    w.see("name", lambda: [f.__name__ for f in (guarded, silent, loud)])
    w.see("result", lambda: [f() for f in (guarded, silent, loud)])
    w.see("by default", lambda: guarded(0))
    w.see("silent", lambda: silent(0))
    w.see("loud", lambda: [loud(0) for _ in range(9)])
    w.see("interrupt", lambda: _interrupted(resistant))
    heard: list[Any] = []
    resistant.set_exception_callback(lambda e, f: heard.append((type(e).__name__, f is fail)))
    try:
        w.see("callback", lambda: guarded(0))
        w.see("bad call", lambda: guarded(1, 2, 3))
    finally:
        resistant.disable_safe_mode()
    w.see("heard", lambda: heard)


def _interrupted(resistant: Any) -> str:
    def interrupt() -> None:
        raise KeyboardInterrupt

    try:
        resistant.exception_resistant(silent=True)(interrupt)()
    except KeyboardInterrupt:
        return "raised"
    return "swallowed"

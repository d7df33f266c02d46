"""What a run keeps of stdout and stderr, line by line."""

from __future__ import annotations

import contextlib
import gc
import io
import logging
import sys
import threading
from typing import TYPE_CHECKING, Any

from conformance.case import case

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.world import World


def captured(w: World, write: Callable[[], None], run_hash: str | None = None) -> Any:
    """(step, text) of what a run keeps of what is written; Aim adds an empty line at the end."""
    run = w.aim.Run(run_hash, repo=w.location, system_tracking_interval=None)
    write()
    run_hash = run.hash
    run.close()
    del run
    gc.collect()
    return lines(w, str(run_hash))


def lines(w: World, run_hash: str) -> Any:
    w.sync()
    logs = w.repo.get_run(run_hash).get_terminal_logs()
    if logs is None:
        return None
    found = [(step, line.data) for step, line in logs.values.items()]
    while found and found[-1][1] == "":
        found.pop()
    return found


def out(text: str) -> None:
    sys.stdout.write(text)


@case("M02", "lines and parts of lines", priority="A")
def parts(w: World) -> None:
    def write() -> None:
        out("one\n")
        out("two\nthree\n")
        out("fo")
        out("ur\n")
        out("\n")
        out("five\n\n\nsix\n")
        out("no end")

    w.see("lines", lambda: captured(w, write))


@case("M02", "carriage returns", priority="A")
def carriage_returns(w: World) -> None:
    def write() -> None:
        out("0%\r50%\r100%\n")
        out("long line\rshort\n")
        out("a\r\n")
        out("kept\r")
        out("\n")
        out("x\ry")
        out("z\n")
        out("\rstart\n")

    w.see("lines", lambda: captured(w, write))


@case("M02", "a progress bar", priority="A")
def progress_bar(w: World) -> None:
    def write() -> None:
        out("before\n")
        for percent in range(0, 101, 10):
            sys.stderr.write(f"\r{percent}%|{'#' * (percent // 10)}|")
        sys.stderr.write("\n")
        out("after\n")

    w.see("lines", lambda: captured(w, write))


@case("M02", "bars of tqdm", priority="A")
def bars(w: World) -> None:
    from tqdm import tqdm

    def write() -> None:
        out("before\n")
        for _ in tqdm(range(5), ascii=True, ncols=40, mininterval=0):
            pass
        out("after\n")

    found = captured(w, write)
    w.see("how many lines", lambda: len(found))
    w.see("finished bar", lambda: found[1][1].startswith("100%|"))
    w.see("around it", lambda: (found[0], found[-1]))


@case("M02", "colours and cursors", priority="B")
def escapes(w: World) -> None:
    def colours() -> None:
        out("\x1b[31mred\x1b[0m plain\n")
        out("\x1b[1;32mbold\x1b[0m\n")
        out("\x1b[2Kcleared\n")

    def cursor() -> None:
        out("one\ntwo\nthree\n")
        out("\x1b[2A")
        out("TWO\n")
        out("end\n")

    w.see("colours", lambda: captured(w, colours))
    w.see("cursor up", lambda: captured(w, cursor))


@case("M02", "stderr, logging, threads", priority="B")
def sources(w: World) -> None:
    def errors() -> None:
        sys.stderr.write("error\n")
        out("output\n")

    def logged() -> None:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
        log = logging.getLogger("conformance.terminal")
        log.propagate = False
        log.addHandler(handler)
        log.warning("careful")
        log.removeHandler(handler)

    def threaded() -> None:
        thread = threading.Thread(target=out, args=("from a thread\n",))
        thread.start()
        thread.join()

    w.see("both streams", lambda: captured(w, errors))
    w.see("logging", lambda: captured(w, logged))
    w.see("thread", lambda: captured(w, threaded))


@case("M02", "other ways to write", priority="B")
def other_ways(w: World) -> None:
    def write() -> None:
        sys.stdout.writelines(["a\n", "b\n"])
        print("printed", 1, 2, sep="-")  # noqa: T201  # what is captured
        print("to stderr", file=sys.stderr)  # noqa: T201  # what is captured
        print(end="")  # noqa: T201  # what is captured
        out("ünïcödé 日本 🎉\n")
        out("tab\tand bell\a\n")

    w.see("lines", lambda: captured(w, write))


@case("M02", "redirected output", priority="C")
def redirected(w: World) -> None:
    elsewhere = io.StringIO()

    def write() -> None:
        out("shown\n")
        with contextlib.redirect_stdout(elsewhere):
            out("hidden\n")
        out("shown again\n")

    w.see("lines", lambda: captured(w, write))
    w.see("elsewhere", elsewhere.getvalue)


@case("M02", "streams after close", priority="A")
def streams_after_close(w: World) -> None:
    before = (sys.stdout.write, sys.stderr.write)
    run = w.aim.Run(repo=w.location, system_tracking_interval=None)
    w.see("write returns a count", lambda: sys.stdout.write("four\n"))
    run.close()
    w.see("as before", lambda: (sys.stdout.write, sys.stderr.write) == before)
    w.see("nothing left on the stream", lambda: "write" in vars(sys.stdout))
    quiet = w.run()
    w.see("not captured", lambda: (sys.stdout.write, sys.stderr.write) == before)
    quiet.close()


@case("M02", "two runs at once", priority="B")
def two_runs(w: World) -> None:
    first = w.aim.Run(repo=w.location, system_tracking_interval=None)
    out("first only\n")
    second = w.aim.Run(repo=w.location, system_tracking_interval=None)
    out("both\n")
    hashes = (first.hash, second.hash)
    second.close()
    del second
    out("first again\n")
    first.close()
    del first
    gc.collect()
    w.see("first", lambda: lines(w, hashes[0]))
    w.see("second", lambda: lines(w, hashes[1]))


@case("M02", "lines after resuming", priority="B")
def resumed(w: World) -> None:
    run = w.aim.Run(repo=w.location, system_tracking_interval=None)
    out("one\ntwo\n")
    run_hash = run.hash
    run.close()
    del run
    gc.collect()
    w.see("lines", lambda: [text for _, text in captured(w, lambda: out("three\n"), run_hash)])


@case("M02", "reading captured lines", priority="B")
def reading(w: World) -> None:
    run = w.aim.Run(repo=w.location, system_tracking_interval=None)
    out("one\ntwo\nthree")
    run_hash = run.hash
    run.close()
    del run
    gc.collect()
    w.sync()
    logs = w.repo.get_run(run_hash).get_terminal_logs()
    w.see("class", lambda: type(logs).__name__)
    w.see("name", lambda: logs.name)
    w.see("context", lambda: logs.context.to_dict())
    w.see("line", lambda: type(logs.values[0]).__name__)
    w.see("item", lambda: logs.values[1].data)
    w.see("steps", lambda: (logs.first_step(), logs.last_step()))
    w.see("first", lambda: logs.values.first_value().data)
    w.see("data", lambda: [line.data for line in logs.data.view("val").items_list()[1][0]])
    w.see("range", lambda: logs.data.range(0, 2).items_list()[0])
    w.see("no metric", lambda: [m.name for m in w.repo.get_run(run_hash).metrics()])
    w.see(
        "no text sequence",
        lambda: w.repo.get_run(run_hash).get_text_sequence("logs", w.context()),
    )


@case("M02", "no lines", priority="B")
def no_lines(w: World) -> None:
    w.see("nothing written", lambda: captured(w, lambda: None))
    run = w.run()
    out("not captured\n")
    w.see("not asked for", run.get_terminal_logs)
    run.close()

"""Opens pages of the published web UI in a browser, over a server, and takes pictures of them.

    python ui_screenshots.py SERVER_URL DIRECTORY

What is shown is a demonstration of its own, written to the server first. `MATYAN_UI` is the
command `matyan-ui` of the published package, `MATYAN_CHROMIUM` a Chromium; nothing is installed.
Exits 0 if every page showed what it should, 1 with the names of those that did not.
"""

from __future__ import annotations

import base64
import contextlib
import json
import math
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from websockets.sync.client import ClientConnection, connect

PATIENCE_S = 60.0
SETTLE_S = 1.5
"""How long a page that shows what it should may go on drawing."""


class Page(NamedTuple):
    """A page, and JavaScript that is true once it shows what it should."""

    name: str
    path: str
    shown: str


def text(*wanted: str) -> str:
    """JavaScript: the page's text has all of these."""
    return " && ".join(f"document.body.innerText.includes({json.dumps(each)})" for each in wanted)


def pictures(count: int) -> str:
    """JavaScript: so many pictures came with their bytes."""
    loaded = "i => i.src.startsWith('data:image') && i.naturalWidth > 0"
    return f"[...document.images].filter({loaded}).length >= {count}"


def drawn(selector: str, count: int = 1) -> str:
    """JavaScript: so many elements are there."""
    return f"document.querySelectorAll({json.dumps(selector)}).length >= {count}"


# -- what is shown -------------------------------------------------------------------------------


def demonstrate(directory: str | os.PathLike[str]) -> list[str]:
    """Write three runs with everything in them into a repository; returns their hashes."""
    import numpy as np

    from matyan_client import Run
    from matyan_client.objects import Audio, Distribution, Figure, Image, Text

    hashes = []
    noise = np.random.default_rng(7)
    for number in range(3):
        run = Run(
            repo=str(directory),
            experiment="other" if number == 2 else "baseline",
            capture_terminal_logs=False,
        )
        run.name = f"run {number}"
        run["hparams"] = {"lr": 0.01 * (number + 1), "opt": "adam", "sizes": [64, 32]}
        run.add_tag("prod")
        for step in range(200):
            for subset, pace in (("train", 40), ("val", 60)):
                run.track(
                    (number + 1) * math.exp(-step / pace),
                    name="loss",
                    step=step,
                    epoch=step // 20,
                    context={"subset": subset},
                )
        for step in range(4):
            shades = [noise.integers(0, 255, (24, 32, 3), dtype=np.uint8) for _ in range(3)]
            images = [Image(shade, caption=f"sample {i}") for i, shade in enumerate(shades)]
            run.track(images, name="samples", step=step, context={"subset": "val"})
            run.track(Text(f"told at step {step} \u2603"), name="story", step=step)
            run.track(Distribution(noise.normal(size=500), bin_count=20), name="weights", step=step)
        run.track(Audio(np.sin(np.arange(4000) / 9), rate=8000), name="beep", step=0)
        bars = {"data": [{"type": "bar", "x": [1, 2], "y": [2, 1]}], "layout": {"title": "bars"}}
        run.track(Figure(bars), name="plot", step=0)
        run.log_info("training started", stage=1)
        hashes.append(run.hash)
        run.close()
    return hashes


def pages(server: str, run_hash: str) -> list[Page]:
    """The pages to open; what an explorer is to look for is kept on the server."""

    def explorer(kind: str, query: str) -> str:
        select = {"options": [], "query": "", "advancedMode": True, "advancedQuery": query}
        body = {"type": kind, "state": {"select": select}}
        return f"/{kind}/{_post(f'{server}/api/v1/rest/apps/', body)['id']}"

    run = f"/runs/{run_hash}"
    return [
        Page("home", "/", text("baseline")),
        Page("runs", "/runs", text("run 0", "run 1", "run 2", "baseline", "prod")),
        Page("metrics", explorer("metrics", 'metric.name == "loss"'), drawn("path.Line", 6)),
        Page("images", explorer("images", 'images.name == "samples"'), pictures(9)),
        Page("run", f"{run}/overview", text("run 2", "hparams.lr", "loss")),
        Page("run-parameters", f"{run}/parameters", text("adam")),
        Page("run-metrics", f"{run}/metrics", drawn("path[class*=Line], svg path", 2)),
        Page("run-images", f"{run}/images", pictures(3)),
        Page("run-texts", f"{run}/texts", text("told at step 3 \u2603")),
        Page("run-distributions", f"{run}/distributions", text("weights", "Step 0")),
        Page("run-figures", f"{run}/figures", drawn(".js-plotly-plot .bars")),
        Page("run-audios", f"{run}/audios", text("beep")),
        Page("run-messages", f"{run}/messages", text("training started")),
    ]


def _post(url: str, body: Any) -> Any:
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


# -- the UI and the browser ----------------------------------------------------------------------


@contextlib.contextmanager
def user_interface(command: str, server: str) -> Iterator[str]:
    """The published UI, told to use a server; gives its URL."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [command, "--host", "127.0.0.1", "--port", str(port)],
        env={**os.environ, "MATYAN_UI_API_HOST_BASE": server},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"The UI does not answer at {url}.") from None
            time.sleep(0.2)
        else:
            return


class Browser:
    """One page of a Chromium without a window, driven by its debugging protocol."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._number = 0
        self.failures: list[str] = []
        for domain in ("Page", "Runtime", "Network"):
            self._call(f"{domain}.enable")

    def _call(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        self._connection.send(json.dumps(message))
        while True:
            answer = json.loads(self._connection.recv(timeout=PATIENCE_S))
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return dict(answer["result"])
            self._note(answer)

    def _note(self, event: dict[str, Any]) -> None:
        if event["method"] == "Network.responseReceived":
            response = event["params"]["response"]
            if "/api/v1/rest/" in response["url"] and response["status"] >= 400:
                self.failures.append(f"{response['status']} {response['url']}")
        elif event["method"] == "Network.loadingFailed":
            status = event["params"].get("corsErrorStatus")
            if status is not None:
                self.failures.append(f"CORS: {status}")

    def open(self, url: str) -> None:
        """Go to a page."""
        self._call("Page.navigate", url=url)

    def until(self, condition: str) -> bool:
        """Wait for JavaScript to be true; False if it takes too long."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            found = self._call("Runtime.evaluate", expression=condition, returnByValue=True)
            if found["result"].get("value") is True:
                return True
            time.sleep(0.2)
        return False

    def picture(self) -> bytes:
        """What is to be seen, as PNG."""
        return base64.b64decode(self._call("Page.captureScreenshot", format="png")["data"])


@contextlib.contextmanager
def browser(command: str) -> Iterator[Browser]:
    """A browser that reaches this machine only."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [
                command,
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--hide-scrollbars",
                "--window-size=1500,950",
                "--remote-debugging-port=0",
                f"--user-data-dir={profile}",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
                "about:blank",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            with connect(_page_of(process, Path(profile)), max_size=None) as connection:
                yield Browser(connection)
        finally:
            process.terminate()
            process.wait(30)


def _page_of(process: subprocess.Popen[bytes], profile: Path) -> str:
    """Where the debugger of the browser's only page listens."""
    told = profile / "DevToolsActivePort"
    deadline = time.monotonic() + PATIENCE_S
    while not told.exists() or "\n" not in told.read_text():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("The browser does not say where its debugger listens.")
        time.sleep(0.1)
    port = told.read_text().split("\n")[0]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/json", timeout=30) as answer:
        targets = json.load(answer)
    return str(next(t["webSocketDebuggerUrl"] for t in targets if t["type"] == "page"))


def take(server: str, ui_command: str, chromium: str, run_hash: str, into: Path) -> list[str]:
    """Take a picture of every page; returns what went wrong, by page."""
    into.mkdir(parents=True, exist_ok=True)
    problems: list[str] = []
    with user_interface(ui_command, server) as ui, browser(chromium) as window:
        for page in pages(server, run_hash):
            window.open(ui + page.path)
            if not window.until(page.shown):
                problems.append(f"{page.name}: never was {page.shown}")
            time.sleep(SETTLE_S)
            (into / f"{page.name}.png").write_bytes(window.picture())
            problems += [f"{page.name}: {failure}" for failure in window.failures]
            window.failures.clear()
    return problems


def main() -> int:
    """See the module."""
    server, directory = sys.argv[1].rstrip("/"), Path(sys.argv[2])
    ui_command = os.environ.get("MATYAN_UI") or shutil.which("matyan-ui")
    chromium = os.environ.get("MATYAN_CHROMIUM") or shutil.which("chromium")
    if ui_command is None or chromium is None:
        sys.exit("MATYAN_UI and MATYAN_CHROMIUM must say where the UI and a browser are.")
    problems = take(server, ui_command, chromium, demonstrate(server)[-1], directory)
    sys.stdout.write("\n".join(problems) or f"all pages as they should be, in {directory}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

"""Both servers are asked the same questions about the same runs and must give the same answers."""

from __future__ import annotations

import json
import re
import urllib.error
from collections.abc import Callable
from typing import Any

import plan
import pytest
from answers import ANSWERS, FRAME_ANSWERS
from questions import FRAMES, METRIC, QUESTIONS, Question
from read_rest import Rest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from matyan_client.protocol.streams import progress_of

pytestmark = pytest.mark.timeout(180)

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[\d.+:Z]*")


def shape(value: Any, names: dict[str, str], key: str = "") -> Any:
    """An answer without what differs by nature: hashes, ids, times, opaque tokens."""
    if isinstance(value, dict):
        return {shape(k, names): shape(item, names, str(k)) for k, item in value.items()}
    if isinstance(value, list):
        items = [shape(item, names, key) for item in value]
        # a real server has them in the order of their ids, which are random
        return sorted(items, key=lambda tag: tag["name"]) if key == "tags" else items
    if isinstance(value, bytes):
        return plan.digest(value)
    if key == "blob_uri":
        return "<token>"
    if isinstance(value, float) and value > 1.6e9 and value < 1e10:
        return "<time>"
    if isinstance(value, str):
        for run_hash, name in names.items():
            value = value.replace(run_hash, f"<{name}>")
        return _MOMENT.sub("<moment>", _UUID.sub("<id>", value))
    return value


def in_order(value: Any) -> Any:
    """With all lists sorted."""
    if isinstance(value, dict):
        return {key: in_order(item) for key, item in value.items()}
    if isinstance(value, list):
        return sorted(map(in_order, value), key=lambda item: json.dumps(item, sort_keys=True))
    return value


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """The leaves of an answer by path."""
    if isinstance(value, dict) and value:
        leaves: dict[str, Any] = {}
        for key, item in value.items():
            leaves |= flat(item, f"{path}.{key}")
        return leaves
    if isinstance(value, list) and value:
        leaves = {f"{path}.length": len(value)}
        for number, item in enumerate(value):
            leaves |= flat(item, f"{path}.{number}")
        return leaves
    return {path: repr(value)}


class Asking:
    """Asks one server the questions in turn."""

    def __init__(self, url: str, runs: dict[str, str]) -> None:
        self._rest = Rest(url)
        self._known = dict(runs)
        self._names = {run_hash: name for name, run_hash in runs.items()}

    def ask(self, question: Question) -> Any:
        """Status and answer."""
        path = self._filled(question.path)
        body = json.loads(self._filled(json.dumps(question.body)))
        try:
            if question.form in ("stream", "named"):
                by_name = question.form == "named"
                answer = self._trees(
                    self._rest.stream(question.method, path, body, by_name=by_name)
                )
            elif question.form == "bytes":
                answer = self._rest.raw(question.method, path, body)
            else:
                answer = self._rest.json(question.method, path, body)
        except urllib.error.HTTPError as error:
            return {"status": error.code, "answer": self._error(error.read())}
        if question.keep:
            first = answer[0] if isinstance(answer, list) else answer
            self._known[question.keep] = first["id"]
        answer = shape(answer, self._names)
        return {"status": 200, "answer": in_order(answer) if question.unordered else answer}

    def _filled(self, text: str) -> str:
        for name, value in self._known.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    def _trees(self, trees: list[tuple[Any, Any]]) -> Any:
        # of the progress frames only the last is fixed
        frames = [progress_of(key, tree) for key, tree in trees]
        last = "complete" if frames and frames[-1] == (0, 0) else "no last frame"
        found = [tree for tree, frame in zip(trees, frames, strict=True) if frame is None]
        return [last, *([key, tree] for key, tree in found)]

    def _error(self, content: bytes) -> Any:
        return shape(json.loads(content), self._names)


@pytest.fixture(scope="module")
def both(
    stack: Any, deployments: Callable[[str], Any], written: Any
) -> dict[str, tuple[Any, dict[str, str]]]:
    """Both deployments, with the same three runs and nothing else."""
    stack.wipe()
    # Deleting a run makes a nameless experiment of one that went before it (12.2, 7).
    stack.wait_until_stored()
    stack.wipe()
    written.forget()
    found = {}
    for server in ("fresh", "real"):
        found[server] = (deployments(server), written("published", server))
    return found


def test_rest(both: dict[str, tuple[Any, dict[str, str]]], written: Any) -> None:
    ours, real = (
        Asking(deployment.backend_url, runs) for deployment, runs in (both["fresh"], both["real"])
    )
    problems, used = [], set()
    for number, question in enumerate(QUESTIONS):
        label = f"{question.method} {question.path}"
        answers = [flat(asking.ask(question)) for asking in (ours, real)]
        for path in dict.fromkeys([*answers[0], *answers[1]]):
            got, wanted = (answer.get(path, "<nothing>") for answer in answers)
            if got == wanted:
                continue
            known = ANSWERS.find(label, path)
            if known is None:
                problems.append(f"{number} {label}\n  {path}: ours {got}, real {wanted}")
            else:
                used.add(known)
    written.forget()
    assert not problems, f"{len(problems)} differences:\n" + "\n".join(problems)
    assert ANSWERS.unused(used) == []


def test_frames(both: dict[str, tuple[Any, dict[str, str]]]) -> None:
    seen = {}
    for server, (deployment, _) in both.items():
        base = deployment.frontier_url.replace("http", "ws", 1)
        seen[server] = {label: replies(base, frame) for label, frame in FRAMES.items()}
    differing = {
        label: (reply, seen["real"][label])
        for label, reply in seen["fresh"].items()
        if reply != seen["real"][label]
    }
    assert differing == FRAME_ANSWERS


def replies(base: str, frame: Any) -> list[Any]:
    """States of the replies to a frame and to a metric after it, or the code of the close."""
    found: list[Any] = []
    with connect(f"{base}/api/v1/ws/runs/frames") as socket:
        try:
            for one in (frame, METRIC):
                socket.send(json.dumps(one))
                found.append(json.loads(socket.recv(timeout=20))["status"])
        except ConnectionClosed as closed:
            found.append(closed.rcvd.code if closed.rcvd else None)
    return found

"""Changes over REST, and what is kept beside runs."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from reading_server import Served, serving

RUN = "a" * 32
OK = {"status": "OK"}


@pytest.fixture
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("repo") / ".matyan") as served:
        yield served


def props(served: Served, run_hash: str = RUN) -> dict[str, Any]:
    found: dict[str, Any] = served.get(f"/runs/{run_hash}/info/")["props"]
    return found


def test_properties(served: Served) -> None:
    served.create(RUN)
    served.post("/experiments/", {"name": " known "})
    path = f"/runs/{RUN}/"
    body: dict[str, Any] = {"name": "n", "description": "", "archived": True, "experiment": "known"}
    assert served.http.put(path, json=body).json() == {"id": RUN, "status": "OK"}
    found = props(served)
    assert (found["name"], found["description"], found["archived"]) == ("n", "", True)
    assert found["experiment"]["name"] == "known"
    served.http.put(path, json={"experiment": None, "name": None})
    assert props(served)["experiment"]["name"] == "known"
    served.http.put(path, json={"experiment": "unknown"})
    assert props(served)["experiment"] == {"id": None, "name": None, "description": None}
    assert len(served.get("/experiments/")) == 1
    assert served.http.put("/runs/none/", json={}).status_code == 404
    assert served.http.put(path, json={"archived": "perhaps"}).status_code == 422
    assert served.http.put(path, json=[]).status_code == 422
    assert served.http.put(path, content=b"{").status_code == 422


def test_properties_are_unset(served: Served) -> None:
    served.create(RUN)
    path = f"/runs/{RUN}/"
    served.post("/experiments/", {"name": "known"})
    served.http.put(path, json={"name": "n", "description": "d", "experiment": "known"})
    body: dict[str, Any] = {"name": "", "description": "", "experiment": ""}
    served.http.put(path, json={**body, "clear": ["description", "experiment"]})
    run = served.store.get_run(RUN, params=False, sequences=False, artifacts=False)
    assert run is not None
    assert (run.name, run.description, run.experiment) == ("", None, None)
    assert served.http.put(path, json={"clear": ["hash"]}).status_code == 422


def test_end_and_new_beginning(served: Served) -> None:
    served.create(RUN, at=1.5e9)
    path = f"/runs/{RUN}/"
    served.http.put(path, json={"active": False})
    ended = props(served)
    assert ended["active"] is False
    assert ended["end_time"] > 1.5e9
    served.http.put(path, json={"active": False})
    assert props(served)["end_time"] == ended["end_time"]
    served.http.put(path, json={"active": True})
    assert (props(served)["active"], props(served)["end_time"]) == (True, None)
    assert props(served)["creation_time"] == 1.5e9
    served.post("/runs/finish-batch/", [RUN, "none"])
    assert props(served)["active"] is False
    served.get("/runs/none/info/", 404)


def test_archiving_many(served: Served) -> None:
    for run_hash in (RUN, "b" * 32):
        served.create(run_hash)
    assert served.post("/runs/archive-batch/", [RUN, "none"]) == OK
    assert list(served.search("/runs/search/run/")) == ["b" * 32]
    served.post("/runs/archive-batch/", [RUN], archive="false")
    assert len(served.search("/runs/search/run/")) == 2
    served.get("/runs/none/info/", 404)


def test_deletion_and_its_tombstone(served: Served) -> None:
    served.create(RUN)
    answer = served.http.delete(f"/runs/{RUN}/")
    assert answer.json() == {"id": RUN, "status": "OK"}
    served.get(f"/runs/{RUN}/info/", 404)
    assert served.http.delete(f"/runs/{RUN}/").status_code == 404
    late = {"type": "log_terminal_line", "line": "late", "step": 0}
    served.write(RUN, late)
    served.get(f"/runs/{RUN}/info/", 404)
    answer = served.http.post(f"/runs/{RUN}/clear-tombstone/")
    assert (answer.status_code, answer.content) == (204, b"")
    served.write(RUN, late)
    assert props(served)["name"] == f"Run: {RUN}"
    assert served.post("/runs/delete-batch/", [RUN, "none"]) == OK
    assert served.search("/runs/search/run/") == {}


def test_tags_of_a_run(served: Served) -> None:
    served.create(RUN)
    found = served.post(f"/runs/{RUN}/tags/new/", {"tag_name": " x "})
    tag_id = found["tag_id"]
    assert found == {"id": RUN, "tag_id": tag_id, "status": "OK"}
    assert [tag["name"] for tag in props(served)["tags"]] == ["x"]
    runs = served.get(f"/tags/{tag_id}/runs/")
    assert [run["run_id"] for run in runs["runs"]] == [RUN]
    answer = served.http.delete(f"/runs/{RUN}/tags/{tag_id}/")
    assert answer.json() == {"id": RUN, "removed": True, "status": "OK"}
    assert props(served)["tags"] == []
    served.post("/runs/none/tags/new/", {"tag_name": "x"}, 404)
    assert served.http.delete(f"/runs/none/tags/{tag_id}/").status_code == 404


def test_tags(served: Served) -> None:
    tag_id = served.post("/tags/", {"name": " t ", "color": "#fff", "description": "d"})["id"]
    served.post("/tags/", {"name": "t"}, 400)
    shown = {
        "id": tag_id, "name": "t", "color": "#fff", "description": "d", "run_count": 0,
        "archived": False,
    }  # fmt: skip
    assert served.get("/tags/") == [shown]
    assert served.get("/tags/search/", q="T") == [shown]
    assert served.get("/tags/search/", q="z") == []
    answer = served.http.put(f"/tags/{tag_id}/", json={"name": "new", "archived": True})
    assert answer.json() == {"id": tag_id, "status": "OK"}
    assert served.get(f"/tags/{tag_id}/") == {**shown, "name": "new", "archived": True}
    answer = served.http.delete(f"/tags/{tag_id}/")
    assert (answer.status_code, answer.json()) == (200, None)
    served.get(f"/tags/{tag_id}/", 404)


def test_a_renamed_tag_is_found_by_its_new_name(served: Served) -> None:
    """Unlike on a real server (9.8)."""
    served.create(RUN, {"type": "add_tag", "tag_name": "old"})
    tag_id = served.get("/tags/")[0]["id"]
    served.http.put(f"/tags/{tag_id}/", json={"name": "new"})
    assert list(served.search("/runs/search/run/", q='"new" in run.tags')) == [RUN]
    assert served.search("/runs/search/run/", q='"old" in run.tags') == {}


def test_experiments(served: Served) -> None:
    experiment = served.post("/experiments/", {"name": " e "})["id"]
    assert "already exists" in served.post("/experiments/", {"name": "e"}, 400)["detail"]
    for number in range(3):
        served.create(
            f"{number:032x}", {"type": "set_run_property", "experiment": "e"}, at=1e9 + number
        )
    path = f"/experiments/{experiment}/"
    assert served.get(path)["run_count"] == 3
    rows = served.get(f"{path}runs/")["runs"]
    assert [row["creation_time"] for row in rows] == [1e9 + 2, 1e9 + 1, 1e9]
    page = served.get(f"{path}runs/", limit=1, offset=rows[0]["run_id"])
    assert page["runs"] == rows[1:2]
    served.http.put(path, json={"description": "d"})
    assert served.get(path)["description"] == "d"
    served.http.put(path, json={"name": "", "archived": True})
    found = served.get(path)
    assert (found["name"], found["archived"]) == ("e", True)
    assert served.get("/experiments/search/", q="E")[0]["id"] == experiment
    served.post("/experiments/", {"name": "other"})
    assert served.http.put(path, json={"name": "other"}).status_code == 400
    assert served.http.delete(path).json() == OK
    assert served.http.delete(path).status_code == 404
    assert props(served, f"{0:032x}")["experiment"]["id"] is None


def test_notes(served: Served) -> None:
    served.create(RUN)
    experiment = served.post("/experiments/", {"name": "e"})["id"]
    for base in (f"/runs/{RUN}/note/", f"/experiments/{experiment}/note/"):
        made = served.post(base, {"content": " hello "}, 201)
        note = f"{base}{made['id']}/"
        assert served.get(note)["content"] == "hello"
        listed = served.get(base)
        assert [(each["id"], each["content"]) for each in listed] == [(made["id"], "hello")]
        assert listed[0]["created_at"] == made["created_at"]
        assert served.http.put(note, json={"content": "new"}).json()["content"] == "new"
        assert served.http.delete(note).json() == OK
        served.get(note, 404)
        assert served.http.put(note, json={"content": "x"}).status_code == 404
    assert served.get("/runs/none/note/") == []
    served.get("/experiments/none/note/", 404)
    note_id = served.post(f"/runs/{RUN}/note/", {"content": "x"}, 201)["id"]
    served.get(f"/runs/other/note/{note_id}/", 404)
    served.http.delete(f"/runs/{RUN}/")
    assert served.get(f"/runs/{RUN}/note/") == []


def test_dashboards_apps_and_reports(served: Served) -> None:
    state = {"select": {"query": "x", "deep": [1, {"y": None}]}}
    app = served.post("/apps/", {"type": "metrics", "state": state}, 201)
    assert served.get(f"/apps/{app['id']}/") == app
    assert (app["type"], app["state"]) == ("metrics", state)
    changed = served.http.put(f"/apps/{app['id']}/", json={"state": {}}).json()
    assert (changed["type"], changed["state"]) == ("metrics", {})

    board = served.post("/dashboards/", {"name": "b", "app_id": app["id"]}, 201)
    assert board["app_type"] == "metrics"
    assert served.get("/dashboards/") == [board]
    changed = served.http.put(f"/dashboards/{board['id']}/", json={"description": "d"}).json()
    assert (changed["name"], changed["description"]) == ("b", "d")
    assert served.http.delete(f"/dashboards/{board['id']}/").status_code == 204
    assert served.get("/dashboards/") == []
    assert served.get(f"/dashboards/{board['id']}/")["name"] == "b"  # only put away

    report = served.post("/reports/", {"name": "r", "code": "# r"}, 201)
    assert served.get("/reports/") == [report]
    changed = served.http.put(f"/reports/{report['id']}/", json={"code": "# s"}).json()
    assert (changed["name"], changed["code"]) == ("r", "# s")
    for path in (f"/reports/{report['id']}/", f"/apps/{app['id']}/"):
        answer = served.http.delete(path)
        assert (answer.status_code, answer.content) == (204, b"")
        served.get(path, 404)
        assert served.http.delete(path).status_code == 404
    served.post("/apps/", {"type": "metrics"}, 422)
    served.get("/apps/none/", 404)


def test_pinned_sequences(served: Served) -> None:
    pins = {"sequences": [{"name": "loss", "context": {"subset": "train"}}]}
    assert served.get("/projects/pinned-sequences/") == {"sequences": []}
    assert served.post("/projects/pinned-sequences/", pins) == pins
    served.post("/projects/pinned-sequences/", pins)
    assert served.get("/projects/pinned-sequences/") == pins
    served.post("/projects/pinned-sequences/", {"sequences": []})
    assert served.get("/projects/pinned-sequences/") == {"sequences": []}


# -- files ---------------------------------------------------------------------------------------


def keep(served: Served, path: str, data: bytes, content_type: str = "text/plain") -> None:
    sha256, size = served.store.blobs.put(data)
    served.write(
        RUN,
        {
            "type": "blob_ref",
            "s3_key": f"{RUN}/{path}",
            "artifact_path": path,
            "content_type": content_type,
            "sha256": sha256,
            "size_bytes": size,
        },
    )


@pytest.mark.parametrize(
    ("path", "disposition"),
    [
        ("cfg/a.yaml", 'attachment; filename="a.yaml"'),
        ("grüße \u2603.txt", "filename*=UTF-8''gr%C3%BC%C3%9Fe%20%E2%98%83.txt"),
        ('../"x"\r\nSet-Cookie: a=b', "filename*=UTF-8''%22x%22%0D%0ASet-Cookie%3A%20a%3Db"),
    ],
)
def test_one_file(served: Served, path: str, disposition: str) -> None:
    served.create(RUN)
    keep(served, path, b"some bytes" * 100_000)
    answer = served.http.get(f"/runs/{RUN}/artifacts/download/", params={"path": path})
    assert answer.content == b"some bytes" * 100_000
    assert answer.headers["content-type"].startswith("text/plain")
    assert disposition in answer.headers["content-disposition"]
    assert "set-cookie" not in answer.headers
    head = served.http.head(f"/runs/{RUN}/artifacts/download/", params={"path": path})
    assert (head.status_code, head.headers["content-length"]) == (200, "1000000")


def test_a_type_that_is_none(served: Served) -> None:
    served.create(RUN)
    keep(served, "x", b"x", "text/html\r\nX-Bad: 1")
    answer = served.http.get(f"/runs/{RUN}/artifacts/download/?path=x")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert "x-bad" not in answer.headers


def test_all_files(served: Served) -> None:
    served.create(RUN)
    served.get(f"/runs/{RUN}/artifacts/download-all/", 404)
    files = {"a/b.txt": b"1", "grüße.bin": bytes(3_000_000), "../../up": b"2", "seq/x/0.png": b"3"}
    for path, data in files.items():
        keep(served, path, data)
    answer = served.http.get(f"/runs/{RUN}/artifacts/download-all/")
    assert answer.headers["content-disposition"] == f'attachment; filename="{RUN}-artifacts.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        found = {name: archive.read(name) for name in archive.namelist()}
    assert found == {"a/b.txt": b"1", "grüße.bin": bytes(3_000_000), "up": b"2"}


def test_files_that_are_not_there(served: Served) -> None:
    served.create(RUN)
    base = f"/runs/{RUN}/artifacts/download/"
    served.get(f"{base}?path=none", 404)
    served.get(base, 422)
    served.get("/runs/none/artifacts/download/?path=x", 404)
    served.get("/runs/none/artifacts/download-all/", 404)

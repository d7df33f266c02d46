"""Which backend a value means: the table of `backends.select`, row by row."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from matyan_client import Repo, Run
from matyan_client.backends.select import locate, open_backend
from matyan_client.exceptions import (
    InvalidInputError,
    InvalidTypeError,
    RepoError,
    ServerUnreachableError,
)


@pytest.fixture(autouse=True)
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("MATYAN_BACKEND_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_paths(tmp_path: Path) -> None:
    inside = str(tmp_path / "x" / ".matyan")
    assert locate(tmp_path / "x") == inside
    assert locate(str(tmp_path / "x")) == inside
    assert locate(f"{tmp_path}/x/") == inside
    assert locate(inside) == inside
    assert locate("x") == inside
    assert locate(f"file://{tmp_path.as_posix()}/x") == inside
    assert locate("file://x") == inside
    assert locate(f"file:{tmp_path.as_posix()}/x%20y") == str(tmp_path / "x y" / ".matyan")
    assert locate("~/x") == str(Path("~/x/.matyan").expanduser())


def test_urls() -> None:
    assert locate("http://host:53800/") == "http://host:53800"
    assert locate("HTTPS://Host/Prefix/") == "https://host/Prefix"
    assert locate("http://host:80") == locate("HTTP://HOST") == "http://host"
    assert locate("https://[::1]:443/x") == "https://[::1]/x"
    assert Repo("http://host:1/").url == "http://host:1"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://", "such as http://host:53800"),
        ("http:///path", "such as http://host:53800"),
        ("http://host:port", "Port"),
        ("http://host:99999", "Port"),
        ("http://host:0", "0 is not a port"),
        ("http://[::1", "Invalid IPv6"),
        ("http://a b", "such as http://host:53800"),
        ("http://host/?x=1", "no '\\?'"),
        ("http://host/#x", "no '\\?'"),
    ],
)
def test_bad_urls_are_refused(url: str, why: str) -> None:
    with pytest.raises(InvalidInputError, match=why):
        Repo(url)


def test_credentials_in_a_url_are_refused_and_not_shown() -> None:
    with pytest.raises(InvalidInputError, match="MATYAN_TOKEN") as caught:
        Repo("http://me:hunter2@host:1")
    assert "hunter2" not in str(caught.value)
    assert "me" not in str(caught.value).partition("with a user")[0].partition("//")[2]


def frontier(repo: Repo) -> str:
    endpoint = repo.backend.endpoint  # type: ignore[attr-defined]  # of a remote backend
    return str(endpoint.frontier_url)


def test_where_writes_of_a_deployment_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MATYAN_FRONTIER_URL", raising=False)
    assert frontier(Repo("http://here:1")) == "http://here:1"
    monkeypatch.delenv("MATYAN_BACKEND_URL", raising=False)
    monkeypatch.setenv("MATYAN_FRONTIER_URL", "http://there:2/")
    assert frontier(Repo("http://any:1")) == "http://there:2"
    monkeypatch.setenv("MATYAN_BACKEND_URL", "http://here:1/")
    assert frontier(Repo("http://HERE:1")) == frontier(Repo()) == "http://there:2"
    assert frontier(Repo("http://elsewhere:1")) == "http://elsewhere:1"
    assert frontier(Repo.connect("http://here:1", frontier_url="http://third:3")) == (
        "http://third:3"
    )
    assert frontier(Repo("http://here:1")) == frontier(Repo()) == "http://third:3"
    monkeypatch.delenv("MATYAN_FRONTIER_URL")
    # What was named once goes for all that follows.
    open_backend("http://once:1", "http://there:4")
    assert frontier(Repo("http://once:1")) == "http://there:4"
    open_backend("http://once:1", "http://there:5/")
    assert frontier(Repo("http://once:1")) == "http://there:5"


def test_one_backend_for_one_deployment() -> None:
    plain = Repo("http://one:1").backend
    assert Repo("http://ONE:1/").backend is plain
    connected = Repo.connect("http://one:1", token="secret").backend
    assert Repo("http://one:1").backend is connected
    assert "secret" not in repr(connected)
    assert connected.endpoint.credentials() == {  # type: ignore[attr-defined]  # a remote backend
        "Authorization": "Bearer secret"
    }


def test_whether_a_deployment_is_there_is_asked() -> None:
    with pytest.raises(ServerUnreachableError, match=r"127\.0\.0\.1:1"):
        Repo.exists("http://127.0.0.1:1")
    with pytest.raises(RepoError, match="no repository on this machine"):
        Repo.remove("http://127.0.0.1:1")
    assert Repo.init("http://127.0.0.1:1").url == "http://127.0.0.1:1"


def test_a_directory_has_no_ingestion_url(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Run(repo=tmp_path, frontier_url="http://host:1", capture_terminal_logs=False).close()
    assert "http://host:1" in caplog.text


@pytest.mark.parametrize("value", ["ftp://host/x", "aim://host:1", "s3://bucket"])
def test_foreign_urls_are_refused(value: str) -> None:
    with pytest.raises(InvalidInputError, match=value):
        locate(value)


@pytest.mark.parametrize("value", [3, object(), b"x", ["x"]])
def test_what_is_no_path_is_refused(value: object) -> None:
    with pytest.raises(InvalidTypeError):
        locate(value)  # type: ignore[arg-type]


def test_nothing_given_means_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MATYAN_BACKEND_URL", str(tmp_path / "set"))
    assert locate() == locate("") == str(tmp_path / "set" / ".matyan")
    assert locate("other") == str(tmp_path / "other" / ".matyan")


def test_nothing_at_all_means_the_nearest_upwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    assert locate() == str(tmp_path / "a" / "b" / ".matyan")
    (tmp_path / ".matyan").mkdir()
    assert locate() == str(tmp_path / ".matyan")
    Run(capture_terminal_logs=False).close()
    assert Repo(tmp_path).total_runs_count() == 1


def test_opening_creates_nothing(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "new")
    assert repo.list_all_runs() == []
    assert repo.total_runs_count() == 0
    assert repo.get_run("x") is None
    assert repo.query_runs("run.active") == []
    assert not Repo.exists(tmp_path / "new")
    assert not (tmp_path / "new").exists()
    Repo.init(tmp_path / "new")
    assert Repo.exists(tmp_path / "new")
    Repo.remove(tmp_path / "new")
    assert not Repo.exists(tmp_path / "new")


def test_one_backend_for_one_place(tmp_path: Path) -> None:
    assert Repo(tmp_path).backend is Repo(f"{tmp_path}{os.sep}.matyan").backend
    assert Repo(tmp_path) == Repo(str(tmp_path))
    assert Repo(tmp_path) != Repo(tmp_path / "other")

"""Which backend a value means: the table of `backends.select`, row by row."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from matyan_client import Repo, Run
from matyan_client.backends.select import locate
from matyan_client.exceptions import InvalidInputError, InvalidTypeError, RepoError


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
    assert locate("HTTPS://host/prefix") == "HTTPS://host/prefix"
    for url in ("http://host", "https://host"):
        with pytest.raises(RepoError, match="remote backend"):
            Repo(url)


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

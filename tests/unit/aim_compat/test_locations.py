"""Where Aim's repository paths and variables lead."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aim_compat.locations import clean_repo_path, default_root, is_remote_path, locate


def test_paths_lead_to_one_place(tmp_path: Path):
    wanted = str(tmp_path / ".matyan")
    forms = [
        tmp_path,
        str(tmp_path),
        f"{tmp_path}{os.sep}",
        tmp_path / ".aim",
        tmp_path / ".matyan",
    ]
    assert {locate(form) for form in forms} == {wanted}


def test_remote_is_exactly_aim(tmp_path: Path):
    assert is_remote_path("aim://host:53800")
    for other in ("aim:host", "AIM://h", "http://h", "host:53800", tmp_path):
        assert not is_remote_path(other)
    assert locate("aim://host:53800/") == "http://host:53800"
    assert locate("https://host/base/") == "https://host/base"


def test_clean_repo_path_is_aims():
    home = os.path.expanduser("~")
    assert clean_repo_path(".") == str(Path.cwd())
    assert clean_repo_path("~/x") == os.path.join(home, "x")
    assert (clean_repo_path(""), clean_repo_path(None)) == ("", "")
    with pytest.raises(TypeError):
        clean_repo_path(3)


def test_the_default_is_the_nearest_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert default_root() == str(deep)
    (tmp_path / ".aim").mkdir()
    assert default_root() == str(tmp_path)
    assert locate() == str(tmp_path / ".matyan")
    (tmp_path / "a" / ".matyan").mkdir()
    assert default_root() == str(tmp_path / "a")
    monkeypatch.setenv("AIM_REPO", str(tmp_path / "named"))
    assert locate() == str(tmp_path / "named" / ".matyan")
    assert locate(tmp_path) == str(tmp_path / ".matyan")


def test_a_redirect_takes_every_local_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AIM_COMPAT_REDIRECT", "http://cluster:1/")
    assert {locate(), locate(tmp_path), locate("./exp")} == {"http://cluster:1"}
    assert locate("aim://other:2") == "http://other:2"
    monkeypatch.setenv("AIM_COMPAT_REDIRECT", str(tmp_path))
    assert locate("./exp") == str(tmp_path / ".matyan")


def test_aims_directory_name_keeps_repositories_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("__AIM_REPO_NAME__", ".other")
    assert locate(tmp_path) == str(tmp_path / ".other" / ".matyan")


def test_aims_directory_name_is_what_is_looked_for_upwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A repository of the usual name above is another one (behaviour R04)."""
    (tmp_path / ".matyan").mkdir()
    below = tmp_path / "a"
    below.mkdir()
    monkeypatch.chdir(below)
    monkeypatch.setenv("__AIM_REPO_NAME__", ".other")
    assert default_root() == str(below)
    (tmp_path / ".other").mkdir()
    assert default_root() == str(tmp_path)

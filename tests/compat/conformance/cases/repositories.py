"""Repositories: making, finding, removing, and which paths mean what."""

from __future__ import annotations

import os
import pathlib
from typing import TYPE_CHECKING

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


@case("U06", "remote paths", priority="A")
def remote_paths(w: World) -> None:
    is_remote = w.aim.Repo.is_remote_path
    for path in (
        "aim://host:53800",
        "aim://10.0.0.1:53800/",
        "/aim",
        ".",
        "aim:host",
        "AIM://h",
        "host:53800",
    ):
        w.see(path, lambda path=path: is_remote(path))
    w.see("nobody listens", lambda: w.aim.Repo.from_path("aim://127.0.0.1:9"))


@case("U51", "create, locate, remove", priority="A", fresh=True)
def create(w: World) -> None:
    repo_class = w.aim.Repo
    w.see("absent", lambda: repo_class.exists("new"))
    w.see("open absent", lambda: repo_class("new"))
    w.see("from_path absent", lambda: repo_class.from_path("new"))
    w.see("none was made", lambda: repo_class.exists("new"))
    w.see("init", lambda: repo_class.from_path("new", init=True).path)
    w.see("exists", lambda: (repo_class.exists("new"), repo_class.exists(pathlib.Path("new"))))
    w.see(
        "init again", lambda: repo_class.from_path("new", init=True) == repo_class.from_path("new")
    )
    w.see(
        "empty",
        lambda: (
            repo_class.from_path("new").list_all_runs(),
            list(repo_class.from_path("new").iter_runs()),
        ),
    )
    w.see(
        "query of nothing", lambda: len(list(repo_class.from_path("new").query_metrics("").iter()))
    )
    w.see("rm", lambda: repo_class.rm("new"))
    w.see("gone", lambda: repo_class.exists("new"))
    w.see("rm again", lambda: repo_class.rm("new"))


@case("Q01", "opening", priority="A")
def opening(w: World) -> None:
    repo_class, root = w.aim.Repo, w.directory
    repo = repo_class.from_path(root)
    w.see("path", lambda: (repo.path, repo.root_path))
    w.see("same object", lambda: repo_class.from_path(root) is repo)
    w.see("store in the path", lambda: repo_class.from_path(os.path.join(root, ".aim")) == repo)
    w.see("relative", lambda: repo_class.from_path(".") == repo)
    w.see("constructor", lambda: repo_class(root) == repo)
    w.see("hash", lambda: hash(repo_class(root)) == hash(repo))
    w.see("is remote", lambda: repo.is_remote_repo)
    w.see("repr", lambda: repr(repo))
    w.see("close", repo.close)


@case("Q01", "opening a pathlib path", priority="B")
def opening_path(w: World) -> None:
    w.see("from_path", lambda: w.aim.Repo.from_path(pathlib.Path(w.directory)).path)


@case("Q02", "default repository", priority="B", fresh=True)
def default_repo(w: World) -> None:
    repo_class = w.aim.Repo
    w.see("path", repo_class.default_repo_path)
    w.see("absent", lambda: repo_class.default_repo())
    w.see("init", lambda: repo_class.default_repo(init=True).path)
    w.see("exists", lambda: repo_class.exists("."))
    w.see("status", lambda: repo_class.check_repo_status(w.location))


@case("Q01", "cleaning paths", priority="B")
def cleaning(w: World) -> None:
    clean = w.sub("aim.sdk.utils").clean_repo_path
    home = os.path.expanduser("~")
    for path in (".", "sub", os.path.join(w.directory, "x", ".aim"), w.directory + "/", ""):
        w.see(path.replace(w.directory, "<repo>") or "(empty)", lambda path=path: clean(path))
    w.see("home", lambda: clean("~") == home)
    w.see("None", lambda: clean(None))

"""Dates in queries and of runs."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from conformance.case import case

if TYPE_CHECKING:
    from conformance.world import World


@case("A02", "runs by when they were made")
def by_date(w: World) -> None:
    with w.writing() as run:
        run["when"] = "2024-05-01"
        del run
    w.sync()
    for query in (
        "run.created_at >= datetime(2020, 1, 1)",
        "run.created_at < datetime(2020, 1, 1)",
        "datetime(2020, 1, 1) < run.created_at < datetime(2200, 1, 1)",
        "run.finalized_at > datetime(2020, 1, 1)",
        "run.finalized_at - run.created_at < timedelta(hours=1)",
        "run.created_at > datetime.now() - timedelta(days=2)",
        "run.created_at.date() != None",
        "run.created_at > '2020'",
        "run.when > '2024-01'",
        "run.creation_time > 1600000000",
        "run.updated_at != None",
        "run.duration < 600",
    ):
        w.see(query, lambda query=query: w.count("runs", query))


@case("A02", "runs of this month")
def this_month(w: World) -> None:
    with w.writing() as run:
        run_hash = run.hash
        del run
    w.sync()
    made = w.repo.get_run(run_hash).created_at
    w.see("year", lambda: w.count("runs", f"run.created_at.year == {made.year}"))
    w.see("month", lambda: w.count("runs", f"run.created_at.month == {made.month}"))
    w.see(
        "day", lambda: w.count("runs", f"run.created_at.strftime('%d/%m/%Y') == '{made:%d/%m/%Y}'")
    )
    w.see("another year", lambda: w.count("runs", f"run.created_at.year == {made.year - 1}"))


@case("A02", "naive UTC on a machine that is not in London")
def naive_utc(w: World) -> None:
    with w.writing() as run:
        run.track(1.0, name="loss")
        run_hash = run.hash
        del run
    w.sync()
    run = w.repo.get_run(run_hash)
    utc = datetime.datetime.fromtimestamp(run.creation_time, datetime.timezone.utc)
    w.see("created is UTC", lambda: run.created_at == utc.replace(tzinfo=None))
    w.see("ended is UTC", lambda: run.finalized_at > run.created_at - datetime.timedelta(seconds=1))
    frame = run.get_metric("loss", w.context()).dataframe()
    local = datetime.datetime.fromtimestamp(run.creation_time)  # noqa: DTZ006  # local is the point
    w.see("frames are local", lambda: abs((frame["time"].iloc[0] - local).total_seconds()) < 600)

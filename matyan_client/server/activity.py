"""How many runs began when, for the UI's calendars (protocol sections 8.7 and 8.9)."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matyan_client.store.overview import Activity

__all__ = ["by_time"]


def by_time(runs: Sequence[Activity], behind_utc_min: int, form: str) -> dict[str, Any]:
    """Counts of runs, and of runs by the time they began.

    Args:
        runs: what is counted.
        behind_utc_min: what a browser calls its zone's offset: minutes to add to local time to
            get UTC, -120 for UTC+2.
        form: `strftime` format that tells apart the times that are told apart.
    """
    zone = dt.timezone(dt.timedelta(minutes=-behind_utc_min))
    began: Counter[str] = Counter()
    for run in runs:
        try:
            began[dt.datetime.fromtimestamp(run.created_at, zone).strftime(form)] += 1
        except (ValueError, OverflowError, OSError):
            continue  # a clock that was centuries off has no place in a calendar
    return {
        "num_runs": len(runs),
        "num_archived_runs": sum(run.archived for run in runs),
        "num_active_runs": sum(run.active for run in runs),
        "activity_map": dict(began),
    }

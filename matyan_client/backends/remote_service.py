"""What shipping asks of a deployment over REST: see `run_service.RunService`.

Never waits for what this process wrote: it is asked while that is on its way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matyan_client.backends.base import SequenceRef
from matyan_client.backends.remote_files import last_line
from matyan_client.backends.remote_info import read_info, run_sequences
from matyan_client.backends.remote_search import run_path
from matyan_client.backends.remote_series import read_edges
from matyan_client.backends.run_service import RunFacts
from matyan_client.protocol.contexts import canonical
from matyan_client.protocol.wire import SYNC_NAME
from matyan_client.transports.upload import Uploader

if TYPE_CHECKING:
    from pathlib import Path

    from matyan_client.transports.endpoint import Endpoint
    from matyan_client.transports.http import HttpClient

__all__ = ["RestService"]


class RestService:
    """See `run_service.RunService`."""

    def __init__(self, endpoint: Endpoint, http: HttpClient) -> None:
        self._http = http
        self._uploader = Uploader(endpoint)

    def facts(self, run_hash: str) -> RunFacts | None:
        """What a run holds, None if there is no such run."""
        info = read_info(self._http, run_hash, params=True, sequences=True)
        if info is None:
            return None
        sequences = run_sequences(self._http, run_hash, info)
        steps = {(s.name, canonical(s.context)): s.last_step for s in sequences}
        return RunFacts(
            params=info.stored_params(),
            last_steps={key: step for key, step in steps.items() if step is not None},
            next_line=last_line(self._http, run_hash) + 1,
        )

    def clear_tombstone(self, run_hash: str) -> None:
        """Let a run that was deleted be written again."""
        self._http.call(
            "POST", run_path(run_hash, "clear-tombstone/"), lambda _: None, types=(), again=True
        )

    def clear_experiment(self, run_hash: str) -> None:
        """Take a run out of its experiment."""

        def nothing() -> Any:
            return None

        body = {"experiment": ""}
        self._http.json("PUT", run_path(run_hash), body=body, absent=nothing)

    def synced(self, run_hash: str) -> float | None:
        """The value of the sync metric, None if there is none."""
        edges = read_edges(self._http, run_hash, [SequenceRef(SYNC_NAME, {})])
        return edges[0][-1][1] if edges and edges[0] else None

    def upload(self, run_hash: str, path: str, content_type: str, file: Path) -> None:
        """Bring a file's bytes to where `<run_hash>/<path>` is read from."""
        self._uploader.upload(run_hash, path, content_type, file)

    def use(self, endpoint: Endpoint) -> None:
        """From now on, use these credentials and certificates."""
        self._uploader.use(endpoint)

    def close(self) -> None:
        """Close idle connections."""
        self._uploader.close()

"""Copies a run with everything it holds from one repository to another.

Reads records and writes protocol messages, like everything that writes; the times of the original
are kept. Copying again brings the copy up to date. Knows backends only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matyan_client.backends.base import SequenceRef
from matyan_client.exceptions import RunNotFoundError
from matyan_client.objects.params import TAG, to_json
from matyan_client.protocol import messages
from matyan_client.protocol.records import StoredObject
from matyan_client.protocol.wire import is_plain_object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matyan_client.backends.base import Backend, Writer
    from matyan_client.protocol.records import RunRecord, SequenceRecord

__all__ = ["copy_run"]


def copy_run(run_hash: str, source: Backend, target: Backend) -> None:
    """Copy one run; nothing happens if both backends are the same.

    Raises:
        RunNotFoundError: `source` has no such run.
        RepoAccessError: `target` cannot be written.
    """
    record = source.get_run(run_hash, artifacts=True)
    if record is None:
        raise RunNotFoundError(run_hash, source.url)
    if source.url == target.url:
        return
    writer = target.open_writer(run_hash)
    try:
        _Copy(record, source, target, writer).everything()
    finally:
        writer.close()


class _Copy:
    def __init__(self, record: RunRecord, source: Backend, target: Backend, writer: Writer) -> None:
        self.record = record
        self.source = source
        self.target = target
        self.writer = writer

    def everything(self) -> None:
        record, append = self.record, self.writer.append
        append(messages.create_run(time=record.created_at, force_resume=True))
        append(
            messages.set_run_property(
                name=record.name,
                description=record.description,
                experiment=record.experiment,
                archived=record.archived,
            )
        )
        for tag in record.tags:
            append(messages.add_tag(tag))
        if record.params:
            append(messages.log_hparams(self.params(record.params), path=[]))
        for sequence in record.sequences or ():
            if sequence.kind == "metric":
                self.metric(sequence)
            else:
                self.objects(sequence)
        self.logs()
        for artifact in record.artifacts or ():
            self.blob(artifact.key, artifact.path, artifact.content_type)
        if record.end_time is not None:
            append(messages.finish_run(time=record.end_time))

    def params(self, value: Any) -> Any:
        if isinstance(value, StoredObject):
            return {TAG: "object", "value": self.object(value.value)}
        if isinstance(value, dict):
            plain = to_json(dict.fromkeys(value))  # shows how its keys are written
            if TAG not in plain:
                return {key: self.params(item) for key, item in value.items()}
            items = zip(plain["items"], value.values(), strict=True)
            return {TAG: "map", "items": [[key, self.params(item)] for (key, _), item in items]}
        if isinstance(value, list):
            return [self.params(item) for item in value]
        return to_json(value)

    def metric(self, sequence: SequenceRecord) -> None:
        ref = SequenceRef(sequence.name, sequence.context)
        series = self.source.read_series(self.record.hash, [ref])[0]
        if series is None:
            return
        number = self.writer.declare(sequence.name, sequence.context, sequence.dtype)
        integers = series.integers
        columns = zip(series.steps, series.values, series.epochs, series.times, strict=True)
        for at, (step, value, epoch, time) in enumerate(columns):
            whole = integers is not None and integers[at]
            self.writer.point(
                number,
                int(value) if whole else float(value),
                int(step),
                None if epoch != epoch else float(epoch),
                float(time),
                automatic=False,
            )

    def objects(self, sequence: SequenceRecord) -> None:
        ref = SequenceRef(sequence.name, sequence.context)
        for record in self.source.read_objects(self.record.hash, ref):
            value: dict[str, Any]
            if isinstance(record.value, list):
                items = [self.object(item, by_name=True) for item in record.value]
                value = {"type": "list", "items": items}
            else:
                plain = is_plain_object(sequence.dtype, record.value, record.epoch)
                value = self.object(record.value, by_name=not plain)
            self.writer.append(
                messages.log_custom_object(
                    sequence.name,
                    value,
                    step=record.step,
                    epoch=record.epoch,
                    context=sequence.context,
                    dtype=sequence.dtype,
                    time=record.time,
                )
            )

    def object(self, value: Mapping[str, Any], *, by_name: bool = True) -> dict[str, Any]:
        key = value.get("s3_key")
        if not isinstance(key, str):
            return dict(value)
        path = key.partition("/")[2] if key.startswith(f"{self.record.hash}/") else key
        return {
            **value,
            "s3_key": self.blob(key, path, "application/octet-stream", by_name=by_name),
        }

    def blob(self, key: str, path: str, content_type: str, *, by_name: bool = False) -> str:
        with self.source.open_blob(key) as file:
            blob = self.writer.put_blob(file.read(), path=path)
        self.writer.append(
            messages.blob_ref(
                blob.key,
                path,
                content_type=content_type,
                sha256=blob.sha256,
                size_bytes=blob.size_bytes,
                by_name=by_name,
            )
        )
        return blob.key

    def logs(self) -> None:
        for number, line in self.source.read_log_lines(self.record.hash):
            self.writer.append(messages.log_terminal_line(line, number))
        # These are appended, not keyed: an earlier copy's are left as they are.
        there = sum(1 for _ in self.target.read_log_records(self.record.hash))
        for stored in self.source.read_log_records(self.record.hash, start=there):
            self.writer.append(
                messages.log_record(
                    stored.message,
                    stored.level,
                    stored.timestamp,
                    logger_info=stored.logger_info,
                    extra_args=stored.args,
                )
            )

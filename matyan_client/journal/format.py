"""The bytes of a journal segment.

A segment is a run of records. A *point* is a fixed 38 bytes and ends in a marker byte; everything
else has a length and a CRC. No record kind is zero, so a tail of zeros (what a file system may
leave after a power failure) reads as the end, as does a record that is cut short.

    point     kind u8 | sequence u32 | step i64 | value f64 or i64 | epoch f64 | time f64 | 0x5A
    other     kind u8 | length u32 | payload | crc32 of payload u32

Little-endian. `epoch` is NaN when there is none. A sequence number is declared in the same segment
before its first point, so that every segment can be read alone.
"""

from __future__ import annotations

import json
import struct
import zlib
from typing import Any, Final

__all__ = [
    "CRC",
    "DECLARE",
    "FLOAT_POINT",
    "HEADER",
    "INT_POINT",
    "MARKER",
    "MESSAGE",
    "POINT_FLOAT",
    "POINT_FLOAT_AUTO",
    "POINT_INT",
    "POINT_INT_AUTO",
    "POINT_SIZE",
    "PREFIX",
    "VARIABLE_OVERHEAD",
    "VERSION",
    "declare_record",
    "float_point",
    "header_record",
    "int_point",
    "variable_record",
]

VERSION: Final = 1

HEADER: Final = 0x20
DECLARE: Final = 0x21
MESSAGE: Final = 0x22
POINT_FLOAT: Final = 0x11
POINT_FLOAT_AUTO: Final = 0x12
POINT_INT: Final = 0x13
POINT_INT_AUTO: Final = 0x14
MARKER: Final = 0x5A

FLOAT_POINT: Final = struct.Struct("<BIqdddB")
INT_POINT: Final = struct.Struct("<BIqqddB")
POINT_SIZE: Final = FLOAT_POINT.size
PREFIX: Final = struct.Struct("<BI")
CRC: Final = struct.Struct("<I")
VARIABLE_OVERHEAD: Final = PREFIX.size + CRC.size

float_point = FLOAT_POINT.pack
int_point = INT_POINT.pack


def variable_record(kind: int, payload: bytes) -> bytes:
    """Frame a payload of any length."""
    return PREFIX.pack(kind, len(payload)) + payload + CRC.pack(zlib.crc32(payload))


def header_record(run_hash: str, **facts: Any) -> bytes:
    """The first record of every segment: whose it is."""
    payload = json.dumps({"version": VERSION, "run": run_hash, **facts}).encode()
    return variable_record(HEADER, payload)


def declare_record(number: int, name: str, context: dict[str, Any], dtype: str) -> bytes:
    """Bind a small number to a sequence."""
    return variable_record(DECLARE, json.dumps([number, name, context, dtype]).encode())

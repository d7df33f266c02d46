from __future__ import annotations

import base64
import io
import struct
import wave
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from matyan_client.exceptions import InvalidInputError, InvalidTypeError
from matyan_client.objects import Audio

if TYPE_CHECKING:
    import pathlib


def wav_bytes(rate: int = 8000, frames: bytes = b"\x01\x00\x02\x00") -> bytes:
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(frames)
    return stream.getvalue()


def test_arrays_become_wav_that_others_can_read() -> None:
    audio = Audio(np.array([0, 5, -7], "int16"), rate=16000, caption="c")
    with wave.open(io.BytesIO(audio.to_bytes())) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 16000)
        assert file.readframes(3) == struct.pack("<3h", 0, 5, -7)
    assert (audio.format, audio.caption, audio.rate) == ("wav", "c", 16000)
    assert audio.json() == {
        "type": "audio",
        "data": base64.b64encode(audio.to_bytes()).decode(),
        "format": "wav",
        "caption": "c",
        "rate": 16000,
    }
    assert Audio(np.zeros(4)).rate == 22050
    assert Audio(np.zeros(4), "mp3").format == "wav"


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (np.array([0.0, 0.5, -1.0, 1.0]), [0, 16384, -32767, 32767]),
        (np.array([0.5], "float32"), [16384]),
        (np.array([0.0, 2.0, -4.0]), [0, 16384, -32767]),
        (np.array([1, -2], "int16"), [1, -2]),
        (np.array([1, -2], "int64"), [1, -2]),
        (np.array([2**31 - 1, -(2**31)], "int32"), [32767, -32768]),
        (np.array([2**31 - 1, 0], "int64"), [32767, 0]),
        (np.array([2**40, 0, -(2**39)], "int64"), [32767, 0, -16384]),
        (np.array([127, -128], "int8"), [32512, -32768]),
        (np.array([0, 128, 255], "uint8"), [-32768, 0, 32512]),
        (np.array([0, 32768, 65535], "uint16"), [-32768, 0, 32767]),
        (np.zeros(0), []),
    ],
    ids=lambda value: str(getattr(value, "dtype", "")),
)
def test_samples_are_scaled_to_16_bits(samples: Any, expected: list[int]) -> None:
    rate, back = Audio(samples, rate=8000).to_numpy()
    assert (rate, back.dtype, back.tolist()) == (8000, np.int16, expected)


def test_channels_either_way_round() -> None:
    stereo = np.arange(100, dtype="int16").reshape(50, 2)
    assert Audio(stereo).to_numpy()[1].tolist() == stereo.tolist()
    assert Audio(stereo.T).to_numpy()[1].tolist() == stereo.tolist()
    assert Audio(stereo[:, :1]).to_numpy()[1].tolist() == stereo[:, 0].tolist()


def test_paths_bytes_and_streams_keep_their_bytes(tmp_path: pathlib.Path) -> None:
    content = wav_bytes(rate=11025)
    path = tmp_path / "ä.WAV"
    path.write_bytes(content)
    ended = io.BytesIO()
    ended.write(content)
    for source in (path, str(path), content, bytearray(content), io.BytesIO(content), ended):
        audio = Audio(source)
        assert (audio.to_bytes(), audio.format, audio.rate) == (content, "wav", 11025)
        assert audio.size == len(content)
    with path.open("rb") as file:
        assert Audio(file).to_bytes() == content
    assert Audio(content, rate=5).rate == 5


@pytest.mark.parametrize(
    ("content", "format_", "expected"),
    [
        (b"fLaC....", "", "flac"),
        (b"OggS....", "", "ogg"),
        (b"ID3\x03....", "", "mp3"),
        (b"\xff\xfb....", "", "mp3"),
        (b"xx", "mp3", "mp3"),
        (b"xx", ".OGG", "ogg"),
        (b"xx", "wav", "wav"),
    ],
)
def test_formats_of_bytes(content: bytes, format_: str, expected: str) -> None:
    audio = Audio(content, format_)
    assert (audio.format, audio.encode().extension) == (expected, expected)
    assert audio.rate is None


def test_format_of_a_path(tmp_path: pathlib.Path) -> None:
    for name, asked, expected in [
        ("a.mp3", "", "mp3"),
        ("a.flac", "OGG", "ogg"),
        ("a", "wav", "wav"),
    ]:
        (tmp_path / name).write_bytes(b"xx")
        assert Audio(tmp_path / name, asked).format == expected


def test_other_formats_are_decoded_with_soundfile() -> None:
    soundfile = pytest.importorskip("soundfile")
    stream = io.BytesIO()
    soundfile.write(stream, np.array([[0.5, -0.5]] * 100), 8000, format="FLAC")
    rate, samples = Audio(stream, "flac").to_numpy()
    assert (rate, samples.shape) == (8000, (100, 2))
    assert samples[0] == pytest.approx([0.5, -0.5], abs=1e-4)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_every_kind_of_wav_is_decoded(subtype: str) -> None:
    soundfile = pytest.importorskip("soundfile")
    for container in ("WAV", "WAVEX"):
        stream = io.BytesIO()
        samples = np.array([0.5, -0.25, 0.0])
        soundfile.write(stream, samples, 8000, format=container, subtype=subtype)
        rate, back = Audio(stream).to_numpy()
        scaled = back.astype(float)
        if back.dtype == np.uint8:
            scaled = (scaled - 128) / 128
        elif back.dtype.kind == "i":
            scaled /= 2 ** (8 * back.dtype.itemsize - 1)
        assert rate == 8000
        assert scaled == pytest.approx(samples, abs=0.01)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((b"xx",), "cannot be told"),
        ((b"", "wav"), "empty"),
        ((b"xx", "aiff"), "'aiff'"),
        (("no-such.wav",), "'no-such.wav' does not exist"),
        ((".",), "cannot be read"),
        ((np.zeros((2, 2, 2)),), r"\(2, 2, 2\)"),
        ((np.zeros((40, 40)),), "channels"),
        ((np.array([0.0, np.nan]),), "NaN"),
        ((np.zeros(3), "", "", 0), "rate"),
        ((np.zeros(3), "", "", 22050.5), "rate"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_input_is_a_value_error(arguments: Any, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        Audio(*arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        (None, "wav"),
        ([1, 2], "wav"),
        (io.StringIO("x"), "wav"),
        (np.array([1j]),),
        (np.array([True]),),
        (b"xx", 5),
        (b"xx", "wav", "", "fast"),
    ],
)
def test_wrong_types_are_type_errors(arguments: Any) -> None:
    with pytest.raises(InvalidTypeError):
        Audio(*arguments)


@pytest.mark.parametrize("content", [b"RIFF\x00\x00\x00\x00WAVE", b"RIFF", b"nothing"])
def test_damaged_wav_is_said_when_it_is_decoded(content: bytes) -> None:
    pytest.importorskip("soundfile")
    with pytest.raises(InvalidInputError, match="wav"):
        Audio(content, "wav").to_numpy()

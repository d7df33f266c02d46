"""What works, and what is said, when numpy, Pillow and the others are not installed."""

from __future__ import annotations

import io
import subprocess
import sys
import textwrap

import pytest

BLOCK = """
import sys

HEAVY = {"numpy", "PIL", "plotly", "matplotlib", "pandas", "soundfile", "torch", "omegaconf"}

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in HEAVY:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocker())
"""


def run(code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", BLOCK + textwrap.dedent(code), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_distributions_are_binned_without_numpy() -> None:
    out = run(
        """
        from matyan_client.objects import Distribution
        d = Distribution([1, 2.5, [3, 4]], bin_count=3)
        print(d.weights, d.range, d.encode().value["data"])
        try:
            d.to_numpy_histogram()
        except ImportError as exc:
            print(exc)
        """
    )
    assert out.splitlines()[0] == "[1, 1, 2] (1.0, 4.0) [1, 1, 2]"
    assert "matyan-client[numpy]" in out


def test_encoded_images_are_kept_without_pillow(tmp_path: object) -> None:
    pil = pytest.importorskip("PIL.Image")
    stream = io.BytesIO()
    pil.new("RGB", (4, 3)).save(stream, format="WEBP")
    out = run(
        f"""
        from matyan_client.objects import Image
        content = {stream.getvalue()!r}
        image = Image(content)
        print(image.format, image.width, image.to_bytes() == content, image.encode().extension)
        for source, arguments in ((b"hello", {{}}), (content, {{"format_": "png"}})):
            try:
                Image(source, **arguments)
            except (ValueError, ImportError) as exc:
                print(type(exc).__name__, exc)
        """
    )
    first, second, third = out.splitlines()
    assert first == "WEBP None True webp"
    assert second.startswith("InvalidInputError The bytes given to Image")
    assert third.startswith("MissingDependencyError")
    assert "matyan-client[image]" in third


def test_audio_text_figures_and_params_need_nothing() -> None:
    out = run(
        """
        from matyan_client.objects import Audio, Figure, Text
        from matyan_client.objects.params import from_json, to_json
        print(Audio(b"ID3").format, Text("a").data, Figure({"data": []}).data)
        value = {"a": [1, {2: b"x"}]}
        print(from_json(to_json(value)) == value)
        try:
            Audio(b"RIFF", "wav").to_numpy()
        except ImportError as exc:
            print(exc)
        try:
            Figure({}).to_plotly_figure()
        except ImportError as exc:
            print(exc)
        """
    ).splitlines()
    assert out[:2] == ["mp3 a {'data': []}", "True"]
    assert "matyan-client[audio]" in out[2]
    assert "matyan-client[figure]" in out[3]


def test_importing_loads_none_of_them() -> None:
    code = (
        "import sys, matyan_client.objects.params\n"
        "heavy = {'numpy', 'PIL', 'plotly', 'matplotlib', 'pandas', 'soundfile', 'pydantic'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    # The package above this one may bring pydantic, never the others.
    assert set(eval_list(done.stdout)) <= {"pydantic"}


def eval_list(text: str) -> list[str]:
    return [name.strip(" '\n") for name in text.strip().strip("[]").split(",") if name.strip()]

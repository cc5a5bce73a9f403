"""Small videos for tests: a picture whose brightness counts, or a portrait that moves, with a tone beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

SOUND_RATE = 48_000


def numbered(number: int, size: tuple[int, int] = (96, 64)) -> NDArray[np.uint8]:
    """A picture, RGB (height, width, 3), dark in the left half; the right's gray tells its number, to 24."""
    picture = np.zeros((size[1], size[0], 3), np.uint8)
    picture[:, size[0] // 2 :] = 40 + 8 * (number % 25)
    return picture


def number_of(picture: NDArray[np.uint8]) -> int:
    """The number that :func:`numbered` wrote."""
    return round((float(np.median(picture[4:-4, picture.shape[1] * 3 // 4 :])) - 40) / 8)


def portrait(number: int, size: tuple[int, int] = (640, 480)) -> NDArray[np.uint8]:
    """A picture, RGB, in which the public-domain portrait of scikit-image moves from side to side."""
    from skimage.data import astronaut

    picture = np.full((size[1], size[0], 3), 90, np.uint8)
    left = round((size[0] - 512) / 2 * (1 + np.sin(number / 10)))
    picture[:, left : left + 512] = astronaut()[: size[1]]
    return picture


def write_video(
    path: Path,
    pictures: Iterable[NDArray[np.uint8]],
    *,
    rate: int = 10,
    video: str = "libx264",
    audio: str | None = "aac",
    time_of: Callable[[int], Fraction] | None = None,
    container: str | None = None,
) -> Path:
    """A file with these pictures, ``time_of`` number (seconds) or evenly, and a tone of 440 Hz as long as they are."""
    count = 0
    with av.open(str(path), "w", format=container) as out:
        quick = {"deadline": "realtime", "cpu-used": "8"} if "vpx" in video else {}
        stream, sound = out.add_stream(video, rate=rate, options=quick), None
        if audio:
            sound = out.add_stream(audio, rate=SOUND_RATE, layout="mono")
        if time_of:
            stream.codec_context.time_base = Fraction(1, 1000)
        for count, picture in enumerate(pictures, start=1):
            if count == 1:
                stream.height, stream.width = picture.shape[:2]
                stream.pix_fmt = "rgb8" if video == "gif" else "yuv420p"
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.time_base = Fraction(1, 1000)
            frame.pts = round(1000 * (time_of(count - 1) if time_of else Fraction(count - 1, rate)))
            out.mux(stream.encode(frame))
            if sound is not None:
                out.mux(sound.encode(_tone(count - 1, SOUND_RATE // rate)))
        out.mux(stream.encode(None))
        if sound is not None:
            out.mux(sound.encode(None))
    return path


def _tone(number: int, length: int) -> av.AudioFrame:
    at = np.arange(number * length, (number + 1) * length)
    wave = np.round(8000 * np.sin(2 * np.pi * 440 * at / SOUND_RATE)).astype(np.int16)[None]
    frame = av.AudioFrame.from_ndarray(wave, "s16", "mono")
    frame.sample_rate, frame.pts, frame.time_base = SOUND_RATE, number * length, Fraction(1, SOUND_RATE)
    return frame


def turned(video: Path) -> Path:
    """The same MP4, to be shown a quarter turn clockwise, as telephones mark videos that were taken upright."""
    data = video.read_bytes()
    one, none = (65536).to_bytes(4, "big"), bytes(4)
    whole = (1 << 30).to_bytes(4, "big")
    upright = one + none * 3 + one + none * 3 + whole
    minus = (-65536).to_bytes(4, "big", signed=True)
    clockwise = none + one + none + minus + none * 4 + whole
    track = data.index(b"tkhd")
    at = data.index(upright, track)
    out = video.with_name(f"turned-{video.name}")
    out.write_bytes(data[:at] + clockwise + data[at + len(clockwise) :])
    return out

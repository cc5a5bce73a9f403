"""The product against the package fer 25.10.3 on the same pictures; a part of bench/limit.py."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path

from bench.figures import Figures, judged
from bench.limit_path import frames
from bench.processes import stack
from moodstream.client import Stream
from moodstream.settings import settings

ROUNDS = 3
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore"}
FER = Path(__file__).with_name("fer_frames.py")
FER_NEEDS = Path(__file__).with_name("fer_requirements.txt")
FACES = (1, 9, 49)


def fer_python() -> str:
    """The interpreter of an environment with fer, made if there is none yet."""
    home = settings().cache / "fer-25.10.3"
    python = home / "bin" / "python"
    done = home / "complete"
    if not done.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        needs = [line for line in FER_NEEDS.read_text().splitlines() if line and not line.startswith("#")]
        subprocess.run([*pip, *(need for need in needs if not need.startswith("fer=="))], check=True)
        subprocess.run([*pip, "--no-deps", *(need for need in needs if need.startswith("fer=="))], check=True)
        done.touch()
    return str(python)


async def against_fer(seconds: float) -> Figures:
    python = fer_python()
    told: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        other = await asyncio.create_subprocess_exec(
            python, str(FER), stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env={**os.environ, **QUIET}
        )
        assert other.stdin is not None
        assert other.stdout is not None
        async with stack() as addresses:
            for n in FACES:
                pictures = frames(n)
                here = Path(folder) / str(n)
                here.mkdir()
                for number, picture in enumerate(pictures):
                    (here / f"{number:03}.jpg").write_bytes(picture)
                theirs = {"frames": 0.0, "faces": 0.0, "seconds": 0.0}
                ours = dict(theirs)
                async with Stream(addresses.detector) as stream:
                    await streamed(stream, pictures, 2.0)
                    for _ in range(ROUNDS):
                        other.stdin.write(f"{seconds} {here}\n".encode())
                        said = json.loads(await other.stdout.readline())
                        theirs = {key: theirs[key] + said[key] for key in theirs}
                        said = await streamed(stream, pictures, seconds)
                        ours = {key: ours[key] + said[key] for key in ours}
                rate, bare = ours["frames"] / ours["seconds"], theirs["frames"] / theirs["seconds"]
                told[f"frames_a_second_over_fer_with_{n}"] = judged(
                    rate / bare,
                    2.5,
                    10,
                    frames_a_second=round(rate, 1),
                    fer_frames_a_second=round(bare, 2),
                    faces_found=round(ours["faces"] / ours["frames"], 2),
                    fer_faces_found=round(theirs["faces"] / theirs["frames"], 2),
                )
        other.stdin.close()
        await other.wait()
    return told


async def streamed(stream: Stream, pictures: list[bytes], seconds: float) -> dict[str, float]:
    """Frames through a stream, two under way; those that were read, and the faces in them."""
    began, sent, answered, read, faces = time.perf_counter(), 0, 0, 0, 0

    async def send() -> None:
        nonlocal sent
        await stream.send(pictures[sent % len(pictures)], round(time.time() * 1000))
        sent += 1

    await send()
    await send()
    while answered < sent:
        answer = await stream.receive()
        assert answer.error is None, answer
        answered += 1
        # Behind the first frame of a class, which is searched whole, the second can be too old when its turn comes.
        read += answer.status == "ok"
        faces += len(answer.readings)
        if time.perf_counter() - began < seconds:
            await send()
    return {"frames": read, "faces": faces, "seconds": time.perf_counter() - began}

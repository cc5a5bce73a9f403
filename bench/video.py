"""Speed of the Video tab: ``python -m bench.video [--seconds 30]``.

Starts the real services, makes a 640x480 video of one moving face with 30 pictures a second and sound, has it read as
the tab does (every picture, annotated copy and tables), and prints how many times as fast as it plays as JSON. What
else the machine does counts: the load before is printed too.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import threading
import time
from pathlib import Path

from frontend.video_job import VideoJob
from moodstream.hardware import hardware
from moodstream.local import local_stack
from moodstream.settings import settings
from tests.clips import portrait, write_video

RATE = 30


def read(source: Path, url: str) -> VideoJob:
    """Read the video as the page does, into a folder beside it."""
    job = VideoJob(source, source.parent, url, pictures_a_second=None, most_s=3600.0, gone=threading.Event())
    job.start()
    while not job.wait(1.0):
        pass
    return job


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--url", help="a detector service that runs already")
    chosen = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        pictures = (portrait(number) for number in range(chosen.seconds * RATE))
        source = write_video(Path(folder) / "one face.mp4", pictures, rate=RATE)
        if chosen.url:
            job, seconds = await timed(source, chosen.url)
        else:
            async with local_stack(settings(), lambda *_: None, page=False) as addresses:
                job, seconds = await timed(source, addresses.detector)
    assert not job.problem, job.problem
    print(
        json.dumps(
            {
                "video_s": chosen.seconds,
                "pictures": job.progress.pictures,
                "faces_a_picture": round(job.faces / job.progress.pictures, 3),
                "seconds": round(seconds, 1),
                "times_real_time": round(chosen.seconds / seconds, 2),
                "load_before": round(load, 1),
                "hardware": hardware(),
            },
            indent=1,
        )
    )


async def timed(source: Path, url: str) -> tuple[VideoJob, float]:
    """The finished reading and its wall time in seconds."""
    began = time.perf_counter()
    job = await asyncio.to_thread(read, source, url)
    return job, time.perf_counter() - began


if __name__ == "__main__":
    asyncio.run(main())

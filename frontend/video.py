"""The video tab: a file is read from its first picture to its last, and comes back annotated, with a timeline."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pandas as pd

from frontend.shelf import Session, Shelf
from frontend.video_job import VideoJob
from moodstream.palette import COLOURS
from moodstream.settings import Settings
from moodstream.types import EXPRESSIONS, UNSURE
from moodstream.video import VideoError
from moodstream.video_file import VideoFile

_HINT = (
    "MP4, WebM, MOV, AVI and most others. Every picture is read, none is dropped. The video and its results are "
    "deleted when you close this page, and after 15 minutes in any case."
)
_EMPTY = (Path(__file__).parent / "look/no_video.html").read_text(encoding="utf-8")
_RATES = {"every picture": None, "10 a second": 10.0, "5 a second": 5.0, "1 a second": 1.0}
#: Videos under way at a time; more wait, and the page says at which place.
_AT_A_TIME = 2
_TELL_EVERY_S = 0.5
_NAMES = (*EXPRESSIONS, UNSURE)
_JOB = "video job"
#: White, which stands for doubt over pictures, cannot be seen in a plot.
_PLOT_COLOURS = {**COLOURS, UNSURE: "#6b7885"}


def build(shelf: Shelf, settings: Settings) -> None:
    """Place the tab's components in the block that is open."""
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=280):
            source = gr.File(label="Your video", height=150, elem_id="video-in")
            facts = gr.Markdown(_HINT, elem_classes="hint", elem_id="video-facts")
            rate = gr.Dropdown(
                list(_RATES), value="every picture", label="Read", filterable=False, elem_id="video-rate"
            )
            with gr.Row():
                start = gr.Button(
                    "Read the video", variant="primary", interactive=False, min_width=120, elem_id="video-start"
                )
                stop = gr.Button("Cancel", interactive=False, min_width=90, elem_id="video-cancel")
        with gr.Column(scale=3, min_width=280):
            said = gr.Markdown(_EMPTY, elem_id="video-words", min_height=72)
            film = gr.Video(
                label="Annotated video", interactive=False, height=380, buttons=[], visible=False, elem_id="video-out"
            )
    plot = gr.BarPlot(
        _frame([]),
        x="time",
        y="faces",
        color="expression",
        color_map=_PLOT_COLOURS,
        title="Faces by expression",
        x_title=" ",
        x_label_angle=-45,
        y_title="faces",
        color_title=" ",
        height=260,
        visible=False,
        buttons=["fullscreen", "export"],
        elem_id="video-timeline",
    )
    with gr.Row(elem_classes="downloads"):
        downloads = [
            gr.DownloadButton(label, size="sm", visible=False, elem_id=f"video-{kind}")
            for label, kind in (
                ("Annotated video", "film"),
                ("Every face (CSV)", "faces"),
                ("Every second (CSV)", "seconds"),
            )
        ]
    results = [said, film, plot, *downloads, start, stop]
    source.change(_examiner(shelf, settings), source, [facts, start], show_progress="hidden", concurrency_limit=8)
    start.click(
        _reader(shelf, settings),
        [source, rate],
        results,
        concurrency_limit=_AT_A_TIME,
        show_progress="full",
        show_progress_on=said,
    )
    stop.click(_stopper(shelf), None, stop, queue=False, show_progress="hidden")


def _examiner(shelf: Shelf, settings: Settings) -> Callable[..., tuple[str, Any]]:
    """Says what a file is before it is read, or why it will not be."""

    def examine(path: str | None, request: gr.Request) -> tuple[str, Any]:
        if path is None:
            return _HINT, gr.update(interactive=False)
        file = Path(path)
        shelf.session(request.session_hash).uploads.add(file)
        try:
            with VideoFile(file) as video:
                length, a_second = video.duration_s, float(video.rate)
        except (VideoError, OSError) as error:
            return f"**Not a video to read.** {file.name} {_reason(error)}.", gr.update(interactive=False)
        if length is not None and length > settings.max_video_s:
            words = (
                f"**Too long.** {file.name} lasts {_time(length)}, and this page reads at most "
                f"{_time(settings.max_video_s)}. Cut it into parts, or use `moodstream analyze`, which has no limit."
            )
            return words, gr.update(interactive=False)
        lasts = "of unknown length" if length is None else f"{_time(length)} long"
        return f"{file.name}: {lasts}, {a_second:.3g} pictures a second.", gr.update(interactive=True)

    return examine


def _reader(shelf: Shelf, settings: Settings) -> Callable[..., Iterator[list[Any]]]:
    def read(
        path: str | None,
        rate: str,
        request: gr.Request,
        progress: Any = gr.Progress(),  # noqa: B008  # Gradio's way
    ) -> Iterator[list[Any]]:
        if path is None:
            return
        session = shelf.session(request.session_hash)
        _cancel(session)
        job = VideoJob(
            Path(path),
            session.folder,
            settings.detector_address,
            pictures_a_second=_RATES[rate],
            most_s=settings.max_video_s,
            gone=session.closed,
        )
        session.read[_JOB] = job
        job.start()
        nothing = gr.update(value=None, visible=False)
        yield [
            "Reading …",
            gr.update(value=None, visible=False),
            gr.update(visible=False),
            *[nothing] * 3,
            gr.update(interactive=False),
            gr.update(interactive=True),
        ]
        while not job.wait(_TELL_EVERY_S):
            progress(job.progress.share or 0.0, desc=_under_way(job))
        yield _results(job, settings)

    return read


def _stopper(shelf: Shelf) -> Callable[..., Any]:
    def stop(request: gr.Request) -> Any:
        _cancel(shelf.session(request.session_hash))
        return gr.update(interactive=False)

    return stop


def _cancel(session: Session) -> None:
    job: VideoJob | None = session.read.get(_JOB)
    if job is not None:
        job.cancel()


def _under_way(job: VideoJob) -> str:
    at = job.progress
    if not at.pictures:
        return "Reading the first picture"
    of = "" if at.total_s is None else f" of {_time(at.total_s)}"
    left = "" if at.left_s is None else f", {_time(at.left_s)} left"
    return f"{_time(at.at_s)}{of} read{left}"


def _results(job: VideoJob, settings: Settings) -> list[Any]:
    bars, film = job.timeline.bars(), job.annotated.exists()
    files = [path if path.exists() and bars else None for path in (job.annotated, job.faces_csv, job.seconds_csv)]
    return [
        _summary(job, settings),
        gr.update(value=str(job.annotated) if film else None, visible=film),
        gr.update(value=_frame(bars), sort=[row["time"] for row in bars[:: len(_NAMES)]], visible=bool(bars)),
        *(gr.update(value=path and str(path), visible=path is not None) for path in files),
        gr.update(interactive=True),
        gr.update(interactive=False),
    ]


def _summary(job: VideoJob, settings: Settings) -> str:
    at = job.progress
    parts = []
    if job.problem:
        parts.append(f"**{'Not read to its end' if at.pictures else 'Not read'}.** {job.problem}")
    elif job.cancelled:
        parts.append(f"**Cancelled** after {_time(at.at_s)} of the video.")
    elif job.too_long:
        parts.append(f"**Stopped** after {_time(at.at_s)}: this page reads at most {_time(settings.max_video_s)}.")
    if at.pictures:
        faces = job.faces / at.pictures
        speed = at.at_s / at.elapsed_s if at.elapsed_s else 0.0
        parts.append(
            f"{at.pictures} pictures, {faces:.1f} faces in each on average. "
            f"Read in {_time(at.elapsed_s)}, {speed:.1f} times as fast as it plays."
        )
    return " ".join(parts)


def _frame(bars: list[dict[str, Any]]) -> pd.DataFrame:
    """For the plot, which needs a first row."""
    return pd.DataFrame(bars or [{"time": "0:00", "expression": name, "faces": 0.0} for name in _NAMES])


def _reason(error: VideoError | OSError) -> str:
    return str(error) if isinstance(error, VideoError) else f"cannot be opened: {error.strerror}"


def _time(seconds: float) -> str:
    """As people say it: 12 s, 3:05 min, 1:10:00 h."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} h" if hours else f"{minutes}:{rest:02} min"

"""The lesson: what is taken home is what was streamed, reloads and broken networks lose nothing, deleting deletes."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from moodstream.types import EXPRESSIONS

from .live import agree, first_label, wait
from .proxy import network

KEEP_ANSWERS = Path(__file__).with_name("keep_answers.js").read_text(encoding="utf-8")
#: What the page has kept of its lesson, and what it shows of it.
SECONDS = "Object.fromEntries(window.__moodstream.lesson.timeline.seconds.map(({ t, frames }) => [t, frames]))"


def _stop(page: Any) -> None:
    page.get_by_role("button", name="Stop", exact=True).click()
    page.wait_for_function("document.querySelector('.ms').dataset.state === 'off' && window.__moodstream.closes.length")


def _take(page: Any, kind: str) -> bytes:
    page.get_by_text("Take it with you").click()
    with page.expect_download() as waiting:
        page.locator(f'[data-take="{kind}"]').click()
    assert waiting.value.suggested_filename.endswith(f".{kind}")
    return Path(waiting.value.path()).read_bytes()


def test_what_is_taken_home_is_what_was_streamed(browse: Callable[..., Any], stack: tuple[str, str]) -> None:
    page = browse().new_page()
    page.add_init_script(KEEP_ANSWERS)
    page.goto(stack[0])
    agree(page)
    page.keyboard.press("m")
    page.keyboard.type('fractions, "explained"')
    page.keyboard.press("Enter")
    wait(page, "window.__moodstream.lesson.timeline.seconds.length >= 6", "no six seconds")
    _stop(page)
    answers = [one for one in page.evaluate("window.__answers") if one["status"] == "ok"]
    seconds = defaultdict(list)
    for one in answers:
        seconds[one["captured_ms"] // 1000].append(one)

    rows = list(csv.DictReader(io.StringIO(_take(page, "csv").decode())))
    groups = {_second(row["time"]): row for row in rows if row["scope"] == "group"}
    assert {t: int(row["frames"]) for t, row in groups.items()} == {t: len(ones) for t, ones in seconds.items()}
    for t, ones in seconds.items():
        assert float(groups[t]["faces"]) == pytest.approx(np.mean([one["group"]["faces"] for one in ones]), abs=1e-3)
        seats = [row for row in rows if row["scope"] == "seat" and _second(row["time"]) == t]
        faces = [face for one in ones for face in one["faces"] if face["label"]]
        assert sum(int(row["frames"]) for row in seats) == len(faces)
        if len(seats) == 1:
            for name in EXPRESSIONS:
                mean = np.mean([face["probabilities"][name] for face in faces])
                assert float(seats[0][name]) == pytest.approx(mean, abs=1e-3)
            assert seats[0]["expression"] == faces[-1]["label"]
    assert [row["marker"] for row in rows if row["marker"]] == ['fractions, "explained"']

    document = json.loads(_take(page, "json"))
    assert len(document["rows"]) == len(rows)
    assert [marker["text"] for marker in document["markers"]] == ['fractions, "explained"']
    assert document["model"] == answers[-1]["model"]

    parquet = pytest.importorskip("pyarrow.parquet", reason="no pyarrow: pip install pyarrow")
    table = parquet.read_table(io.BytesIO(_take(page, "parquet"))).to_pylist()
    assert [row["scope"] for row in table] == [row["scope"] for row in rows]
    assert [row["time"].timestamp() for row in table] == [_second(row["time"]) for row in rows]
    for name in (*EXPRESSIONS, "confidence", "faces"):
        for ours, theirs in zip(table, rows, strict=True):
            assert ours[name] is None if theirs[name] == "" else ours[name] == pytest.approx(float(theirs[name]))

    plot = Image.open(io.BytesIO(_take(page, "png")))
    assert plot.width >= 1200
    assert len(np.unique(np.asarray(plot.convert("RGB").resize((200, 70))).reshape(-1, 3), axis=0)) > 4, "it is empty"

    report = _take(page, "html").decode()
    assert "fractions, &quot;explained&quot;" in report
    assert not re.search(r"<(img|image|canvas|script|iframe)\b|data:image|\{\{|undefined|NaN", report)


def _second(time: str) -> int:
    return int(np.datetime64(time.removesuffix("Z")).astype("datetime64[s]").astype(int))


def test_a_reload_loses_nothing_and_one_button_deletes_it(page: Any) -> None:
    agree(page)
    wait(page, "window.__moodstream.lesson.timeline.seconds.length >= 3", "no three seconds")
    page.get_by_role("button", name="Drop a marker").click()
    page.keyboard.type("here")
    page.keyboard.press("Enter")
    _stop(page)
    before = page.evaluate(SECONDS)
    page.reload()
    wait(page, "window.__moodstream?.lesson?.timeline.seconds.length", "the lesson is gone")
    assert page.evaluate(SECONDS) == before
    assert page.get_by_label("Text of marker 1").input_value() == "here"
    assert page.locator(".ms-plot svg [data-word]").count() > 0
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Delete it").click()
    page.get_by_text("The timeline begins with the first face").wait_for()
    page.reload()
    page.get_by_text("The timeline begins with the first face").wait_for()
    assert page.evaluate("window.__moodstream.lesson.timeline.seconds.length") == 0
    kept = page.evaluate(
        """new Promise((done) => { const open = indexedDB.open('moodstream'); open.onsuccess = () => {
             const all = open.result.transaction('seconds').objectStore('seconds').count();
             all.onsuccess = () => done(all.result); }; })"""
    )
    assert kept == 0


def test_a_reload_in_the_middle_goes_on_with_the_same_lesson(page: Any) -> None:
    agree(page)
    wait(page, "window.__moodstream.lesson.timeline.seconds.length >= 3", "no three seconds")
    before = page.evaluate(SECONDS)
    page.reload()
    agree(page)
    after = page.evaluate(SECONDS)
    assert all(after.get(t, 0) >= frames for t, frames in before.items()), (before, after)


def test_a_broken_network_is_told_and_loses_nothing(
    browse: Callable[..., Any], stack: tuple[str, str], still_clip: Path
) -> None:
    with network(stack[0]) as wire:
        page = browse(camera=still_clip).new_page()
        page.goto(wire.address)
        agree(page)
        wait(page, "window.__moodstream.lesson.timeline.seconds.length >= 3", "no three seconds")
        before = page.evaluate(SECONDS)
        rows = page.evaluate("window.__moodstream.lesson.seats.numbers")
        wire.cut()
        page.get_by_text("reconnecting…").wait_for()
        wait(page, "window.__moodstream.boxes.length === 0", "old labels stay on the picture")
        page.wait_for_timeout(3000)
        wire.mend()
        first_label(page)
        assert page.get_by_text("reconnecting…").count() == 0
        after = page.evaluate(SECONDS)
        assert all(after[t] >= frames for t, frames in before.items())
        assert page.evaluate("window.__moodstream.lesson.seats.numbers") == rows, "the face has another number now"
        page.close()

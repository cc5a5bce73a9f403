"""The live page with a webcam: boxes on faces, starting and stopping, and what is said when there is no camera."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Any

import httpx

from .clip import face_box
from .live import agree, box_in_pixels, iou, shown


def test_the_box_on_the_screen_lies_on_the_face_of_the_screen(page: Any, stack: tuple[str, str]) -> None:
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    agree(page)
    _follows(page)
    page.locator('[data-act="mirror"]').uncheck()
    answered = page.evaluate("window.__moodstream.answered")
    page.wait_for_function(f"!window.__moodstream.mirrored && window.__moodstream.answered > {answered} + 1")
    _follows(page)
    page.wait_for_function("window.__moodstream.sent > 20")
    page.get_by_role("button", name="Stop").click()
    page.wait_for_function("window.__moodstream.closes.length === 1")
    counters = page.evaluate("({...window.__moodstream, last: null})")
    assert 0 <= counters["sent"] - counters["answered"] <= 1, counters
    assert counters["statuses"].get("error", 0) == 0, counters
    assert hosts <= {stack[0].split("/")[2]}, hosts


def _follows(page: Any) -> None:
    """Five looks in a row of which most show the box on the face; a busy moment, in which labels are late, may pass."""
    looks: list[tuple[float, float]] = []
    while len(looks) < 5 or any(median(look[i] for look in looks[-5:]) <= 0.45 for i in (0, 1)):
        assert len(looks) < 30, looks
        looks.append(_overlaps(page))
        page.wait_for_timeout(400)


def _overlaps(page: Any) -> tuple[float, float]:
    """How well the box lies on the face that is on the screen: by the page's word, and by the canvas's own pixels."""
    picture, overlay, boxes, mirrored = shown(page)
    truth = face_box(picture)
    assert truth is not None, "the marker is not in the frame"
    x, y, w, h = truth
    if mirrored:
        x = picture.width - x - w
    scale = min(overlay.width / picture.width, overlay.height / picture.height)
    left, top = (overlay.width - picture.width * scale) / 2, (overlay.height - picture.height * scale) / 2
    wanted = (left + x * scale, top + y * scale, w * scale, h * scale)
    size = (picture.width * scale, picture.height * scale)
    said = [
        (left + b[0] * size[0], top + b[1] * size[1], b[2] * size[0], b[3] * size[1])
        for b in (one["box"] for one in boxes)
    ]
    drawn = box_in_pixels(overlay, (wanted[0] + wanted[2] / 2, wanted[1] + wanted[3] / 2))
    return max((iou(box, wanted) for box in said), default=0.0), iou(drawn, wanted) if drawn else 0.0


def test_stopping_ends_the_stream_and_it_can_start_again(page: Any) -> None:
    agree(page)
    page.get_by_role("button", name="Stop").click()
    page.wait_for_function("window.__moodstream.closes.length === 1")
    assert page.evaluate("window.__moodstream.closes[0]") == 1000
    assert page.get_by_text("The camera is off").is_visible()
    page.wait_for_function("window.__moodstream.boxes.length === 0")
    sent = page.evaluate("window.__moodstream.sent")
    page.wait_for_timeout(1000)
    assert page.evaluate("window.__moodstream.sent") == sent
    page.get_by_role("button", name="Start the camera", exact=True).click()
    page.wait_for_function(f"window.__moodstream.answered > {sent}")


def test_one_click_leads_to_the_first_label_and_one_to_the_whole_screen(page: Any) -> None:
    agree(page)
    page.get_by_role("button", name="Full screen").click()
    page.wait_for_function("document.fullscreenElement?.matches('.ms-main')")
    stage = page.locator(".ms-stage").bounding_box()
    assert stage["width"] > 0.9 * page.evaluate("innerWidth")
    assert stage["height"] > 0.8 * page.evaluate("innerHeight")
    answered = page.evaluate("window.__moodstream.answered")
    page.wait_for_function(f"window.__moodstream.answered > {answered} + 3")
    page.get_by_role("button", name="Leave full screen").click()
    page.wait_for_function("!document.fullscreenElement")
    page.get_by_role("button", name="Full screen").click()
    page.wait_for_function("document.fullscreenElement")
    page.get_by_role("button", name="Stop").click()
    page.wait_for_function("!document.fullscreenElement")
    assert page.get_by_text("The camera is off").is_visible()


def test_without_a_camera_the_page_says_so(browse: Callable[..., Any], stack: tuple[str, str]) -> None:
    tab = browse(camera=None).new_page()
    tab.goto(stack[0])
    tab.get_by_role("button", name="Agree and start the camera").click()
    tab.get_by_text("No camera was found").wait_for()


def test_the_detector_answers_ready_while_the_page_does(stack: tuple[str, str]) -> None:
    for address in stack:
        assert httpx.get(f"{address}/readyz", timeout=5).status_code == 200

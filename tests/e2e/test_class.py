"""The simulated class through the real stack: many small faces, both views, and who may need attention."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .live import SHOWN, wait

#: A function for the page: the strongest paint on each box's left edge and in its middle (0 to 255).
PAINTED = Path(__file__).with_name("painted.js").read_text(encoding="utf-8")
SEATS = 25
#: Where each seat's tile is, as the scene itself says, in shares of the picture.
TILES = """import('/live/demo/scene.js').then(({ Scene, tile, SEATS }) => Array.from({ length: SEATS }, (_, seat) => {
  const { x, y, w, h } = tile(seat);
  return [x / Scene.WIDTH, y / Scene.HEIGHT, w / Scene.WIDTH, h / Scene.HEIGHT];
}))"""


@pytest.fixture
def school(browse: Callable[..., Any], stack: tuple[str, str]) -> Any:
    """The page with the simulated class, its faces found."""
    tab = browse(camera=None).new_page()
    tab.goto(f"{stack[0]}?demo=1")
    wait(tab, f"window.__moodstream?.boxes.filter((b) => b.label).length >= {SEATS - 3}", "too few labels")
    return tab


def test_every_seat_of_the_class_has_its_box_and_its_label(school: Any) -> None:
    tiles = school.evaluate(TILES)
    boxes = school.evaluate("window.__moodstream.boxes")
    seats = set()
    for one in boxes:
        x, y, w, h = one["box"]
        inside = [i for i, (a, b, c, d) in enumerate(tiles) if a <= x and b <= y and x + w <= a + c and y + h <= b + d]
        assert len(inside) == 1, f"{one} lies in no tile"
        seats.add(inside[0])
        assert 0.15 < h / tiles[inside[0]][3] < 0.7, f"{one} is no face's size"
    assert len(seats) == len(boxes) >= SEATS - 3
    assert len({one["label"] for one in boxes}) >= 3, "all are said to look alike"
    assert len({one["row"] for one in boxes}) == len(boxes), "two faces share a number"
    _drawn_where_said(school)


def _drawn_where_said(page: Any) -> None:
    """Each box's left edge is on the canvas, in pixels, and nothing is drawn into the middle of its face."""
    painted = page.evaluate(f"({PAINTED})(({SHOWN}))")
    assert len(painted) >= SEATS - 3
    assert all(edge > 150 for edge, _ in painted), painted
    assert sum(middle > 20 for _, middle in painted) <= 1, painted


def test_who_may_need_attention_is_named_with_the_reason(school: Any) -> None:
    school.get_by_text("Settings", exact=True).click()
    school.locator('[data-set="attention"]').fill("5")
    entry = school.locator("[data-attention] li button").first
    entry.wait_for()
    assert "Seat" in entry.inner_text()
    assert "Has looked" in entry.inner_text() or "Face out of view for" in entry.inner_text()
    entry.click()
    row = school.locator('.ms-rows button[aria-pressed="true"]')
    row.wait_for()
    assert school.locator(".ms-rows li").count() >= SEATS - 3
    assert school.locator(".ms-rows li .ms-strip path").count() > SEATS


def test_the_group_view_shows_shares_and_tells_nobody_apart(school: Any) -> None:
    school.get_by_role("button", name="Group", exact=True).click()
    wait(
        school,
        "window.__moodstream.last?.view === 'group' && window.__moodstream.boxes.length > 20",
        "no group",
    )
    last = school.evaluate("window.__moodstream.last")
    assert all(face["label"] is None and face["seat"] is None for face in last["faces"])
    assert all(one["label"] is None for one in school.evaluate("window.__moodstream.boxes"))
    assert school.locator(".ms-attention").is_hidden()
    assert school.locator(".ms-rows").is_hidden()
    wait(school, "Number(document.querySelector('[data-seen]').textContent) >= 20", "no number of faces")
    assert "Shares over" in school.locator('[data-panel="who"]').inner_text()
    school.get_by_role("button", name="Individual", exact=True).click()
    wait(school, "window.__moodstream.boxes.some((b) => b.label)", "no labels again")

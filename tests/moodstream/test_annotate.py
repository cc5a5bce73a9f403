from __future__ import annotations

from PIL import Image, ImageColor

from moodstream.annotate import annotate
from moodstream.palette import COLOURS, SIGNS
from moodstream.types import EXPRESSIONS, UNSURE, Face, FrameReading, Reading

HAPPY = (0.02, 0.01, 0.02, 0.78, 0.03, 0.05, 0.09)


def _answer(*faces: Face) -> FrameReading:
    return FrameReading(readings=tuple(Reading(face).read(HAPPY, 0.45) for face in faces))


def test_every_expression_has_its_own_colour_and_sign() -> None:
    assert set(COLOURS) == set(SIGNS) == {*EXPRESSIONS, UNSURE}
    assert len(set(COLOURS.values())) == len(set(SIGNS.values())) == 8


def test_the_box_is_drawn_where_the_face_is_and_the_picture_is_left_alone() -> None:
    picture = Image.new("RGB", (400, 300), "grey")
    drawn = annotate(picture, _answer(Face((100, 90, 80, 80), 0.9)))
    happy = ImageColor.getrgb(COLOURS["happy"])
    assert drawn.getpixel((101, 130)) == happy
    assert drawn.getpixel((140, 169)) == happy
    assert drawn.getpixel((140, 130)) == (128, 128, 128)
    assert picture.getpixel((101, 130)) == (128, 128, 128)


def test_boxes_at_and_over_the_border_and_odd_modes_are_drawn() -> None:
    for mode in ("L", "P", "CMYK", "RGBA", "I;16"):
        edge = _answer(Face((-20, -20, 60, 60), 0.9), Face((30, 30, 90, 90), 0.9))
        assert annotate(Image.new(mode, (60, 50)), edge).size == (60, 50)


def test_a_picture_on_its_side_is_drawn_upright() -> None:
    picture = Image.new("RGB", (40, 30))
    picture.getexif()[0x0112] = 6
    assert annotate(picture, FrameReading()).size == (30, 40)


def test_a_face_without_a_label_gets_a_box_and_no_words() -> None:
    bare = FrameReading(readings=(Reading(Face((100, 90, 80, 80), 0.9)),))
    drawn = annotate(Image.new("RGB", (400, 300), "grey"), bare)
    assert drawn.getpixel((101, 130)) == ImageColor.getrgb(COLOURS[UNSURE])
    assert {drawn.getpixel((x, 75)) for x in range(80, 220)} == {(128, 128, 128)}

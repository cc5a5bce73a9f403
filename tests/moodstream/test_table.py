from __future__ import annotations

import csv
import io

from moodstream.table import COLUMNS, HEADERS, face_rows, words, write_csv
from moodstream.types import EXPRESSIONS, Face, FrameReading, Reading

HAPPY = (0.02, 0.01, 0.02, 0.78, 0.03, 0.05, 0.09)
READ = FrameReading(readings=(Reading(Face((1, 2, 9, 8.04), 0.9, seat=7)).read(HAPPY, 0.45),))
UNREAD = FrameReading(readings=(Reading(Face((0, 0, 9, 9), 0.9)),))


def test_words_name_the_label_and_all_seven() -> None:
    (row,) = words(READ)
    assert row[:3] == [1, "happy", "78%"]
    assert len(row) == len(HEADERS)
    assert words(UNREAD)[0][1:] == ["not read", *["–"] * 8]


def test_a_csv_holds_every_number_and_leaves_empty_what_is_not_known() -> None:
    file = io.StringIO(newline="")
    write_csv(
        file, ("picture", *COLUMNS), ({"picture": "a,b.png", **row} for row in [*face_rows(READ), *face_rows(UNREAD)])
    )
    read, unread = csv.DictReader(io.StringIO(file.getvalue()))
    assert read["picture"] == "a,b.png"
    assert (read["label"], read["seat"], float(read["confidence"])) == ("happy", "7", 0.78)
    assert [float(read[name]) for name in EXPRESSIONS] == list(HAPPY)
    assert [float(read[name]) for name in ("x", "y", "width", "height")] == [1, 2, 9, 8]
    assert unread["label"] == unread["happy"] == unread["confidence"] == ""

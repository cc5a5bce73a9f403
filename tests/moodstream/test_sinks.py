"""Readings in files, in each format the same."""

import csv
import io
import json

import pyarrow.parquet
import pytest

from moodstream.sinks import SinkError, Sinks, open_sink
from moodstream.types import EXPRESSIONS, Face, FrameReading, Reading

HAPPY = (0.02, 0.01, 0.02, 0.78, 0.03, 0.05, 0.09)


def answer(frame, faces, **more):
    face = Reading(Face((1.0, 2.0, 30.0, 40.0), 0.9, (), 7)).read(HAPPY, 0.4)
    return FrameReading(frame, 40 * frame, width=64, height=48, readings=(face,) * faces, **more)


def written(path, answers, view="individual"):
    with Sinks(open_sink(path, view)) as sink:
        for each in answers:
            sink.write("clip.mp4", each)
    return path


def test_json_lines_are_whole_answers(tmp_path):
    lines = written(tmp_path / "new" / "r.jsonl", [answer(0, 2), answer(1, 0)]).read_text().splitlines()
    assert [json.loads(line) for line in lines] == [
        {"file": "clip.mp4", **answer(0, 2).to_json()},
        {"file": "clip.mp4", **answer(1, 0).to_json()},
    ]


def test_tables_have_a_row_for_every_face(tmp_path):
    answers = [answer(0, 2), answer(1, 0), answer(25, 1)]
    rows = list(csv.DictReader(io.StringIO(written(tmp_path / "r.csv", answers).read_text())))
    table = pyarrow.parquet.read_table(written(tmp_path / "r.parquet", answers)).to_pylist()
    assert [(row["frame"], row["time_s"], row["face"]) for row in table] == [(0, 0.0, 1), (0, 0.0, 2), (25, 1.0, 1)]
    assert table[0]["seat"] == 7 and table[0]["label"] == "happy" and table[0]["happy"] == 0.78
    assert [{name: str(value) for name, value in row.items()} for row in table] == rows


def test_a_group_has_a_row_for_every_picture(tmp_path):
    shares = {**dict.fromkeys(EXPRESSIONS, 0.0), "happy": 0.75, "unsure": 0.25}
    answers = [
        answer(0, 4, view="group", group={"faces": 4, "min": 5, "shares": None}),
        answer(1, 8, view="group", group={"faces": 8, "min": 5, "shares": shares}),
    ]
    few, many = pyarrow.parquet.read_table(written(tmp_path / "r.parquet", answers, "group")).to_pylist()
    assert few["faces"] == 4 and few["happy"] is None
    assert many["faces"] == 8 and many["happy"] == 0.75 and many["unsure"] == 0.25
    assert "seat" not in many and "label" not in many


@pytest.mark.parametrize("name", ["r.csv", "r.parquet"])
def test_a_table_of_nothing_has_its_columns(tmp_path, name):
    path = written(tmp_path / name, [answer(0, 0)])
    columns = path.read_text().strip().split(",") if name == "r.csv" else pyarrow.parquet.read_table(path).column_names
    assert columns[:5] == ["file", "frame", "time_s", "face", "seat"] and "happy" in columns


def test_labels_that_an_adaptation_added_are_columns(tmp_path):
    reading = Reading(Face((1.0, 2.0, 3.0, 4.0), 0.9), names=(*EXPRESSIONS, "bored")).read((*HAPPY, 0.5), 0.4)
    written(tmp_path / "r.csv", [FrameReading(width=64, height=48, readings=(reading,))])
    assert next(csv.DictReader(io.StringIO((tmp_path / "r.csv").read_text())))["bored"] == "0.5"


def test_an_unknown_format_is_told_before_anything_is_read(tmp_path):
    with pytest.raises(SinkError, match=r"r\.xlsx: the name must end in \.jsonl"):
        open_sink(tmp_path / "r.xlsx", "individual")

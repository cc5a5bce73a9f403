"""The numbers that operators scale on."""

import time

from prometheus_client.parser import text_string_to_metric_families

from detector_service.metrics import Demand, Metrics
from moodstream.types import Face, FrameReading, Reading


def value(metrics, name, **labels):
    for family in text_string_to_metric_families(metrics.text({"faces": 7}, {"faces.recorded": 2}).decode()):
        for sample in family.samples:
            if sample.name == name and labels.items() <= sample.labels.items():
                return sample.value
    return None


def test_demand_is_what_was_handed_over_or_refused_and_is_forgotten(monkeypatch):
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    metrics = Metrics()
    with metrics.under_way(30):
        assert value(metrics, "moodstream_faces_in_flight") == 30
    assert value(metrics, "moodstream_faces_in_flight") == 0
    metrics.refuse(20)
    assert value(metrics, "moodstream_demand_faces") == (50 + 2 * Demand.MESSAGE_FACES) / Demand.WINDOW_S
    assert value(metrics, "moodstream_faces_refused_total") == 20
    now += Demand.WINDOW_S + 1
    assert value(metrics, "moodstream_demand_faces") == 0


def test_a_frame_refused_unseen_counts_like_the_usual_one():
    metrics = Metrics()
    for _ in range(200):
        with metrics.under_way(25):
            pass
    metrics.refuse()
    assert 24 < value(metrics, "moodstream_faces_refused_total") < 26


def test_answers_are_counted_by_status_stage_and_age():
    metrics = Metrics()
    reading = Reading(Face((0, 0, 9, 9), 0.9))
    timings = {"decode": 2.0, "queue": 8.0, "total": 40.0}
    metrics.count(FrameReading(readings=(reading, reading), timings_ms=timings))
    metrics.count(FrameReading(status="stale", timings_ms={"total": 2000.0}))
    assert value(metrics, "moodstream_frames_total", status="ok") == 1
    assert value(metrics, "moodstream_frames_total", status="stale") == 1
    assert value(metrics, "moodstream_faces_total") == 2
    assert value(metrics, "moodstream_stage_seconds_sum", stage="wait") == 0.008
    assert value(metrics, "moodstream_age_seconds_count") == 1, "only labels that are shown have an age"
    assert value(metrics, "moodstream_queue_waiting", queue="faces") == 7
    assert value(metrics, "moodstream_queue_unacknowledged", queue="faces.recorded") == 2

"""Every answer names its model, once a classifier has been heard."""

from detector_service.known import KnownModel
from moodstream.types import FrameReading


def test_an_answer_without_a_face_names_the_model_last_heard_of():
    known = KnownModel()
    assert known.told(FrameReading()).model is None
    known.heard({"model": "a", "unsure_below": 0.4})
    assert (known.told(FrameReading()).model, known.told(FrameReading()).unsure_below) == ("a", 0.4)
    assert known.told(FrameReading(model="b", unsure_below=0.5)).model == "b"

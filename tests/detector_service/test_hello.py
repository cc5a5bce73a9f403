"""A hello is understood or refused with the part and the reason."""

import json

import pytest

from detector_service.hello import BadHello, read_hello

FACE = {"box": [1, 2, 30, 40.5], "seat": 7, "probabilities": {"happy": 0.5}, "label": "happy"}
RESUME = {"captured_ms": 5, "width": 640, "height": 480, "faces": [FACE]}
ADAPTATION = {"v": 1, "model": "m", "labels": ["confused"], "weights": [[0.5] * 12] * 8}


def test_all_fields():
    whole = {"v": 1, "mode": "recorded", "view": "group", "smoothing": 2, "embeddings": True, "window": 8}
    hello = read_hello(json.dumps({**whole, "adaptation": ADAPTATION, "resume": {**RESUME, "status": "ok"}}))
    assert (hello.mode, hello.view, hello.smoothing, hello.window) == ("recorded", "group", 2.0, 8)
    assert hello.adaptation.labels == ("confused",)
    assert hello.resume.faces[0].box == (1, 2, 30, 40.5)


def test_what_is_left_out_has_a_default():
    hello = read_hello('{"v": 1}')
    assert (hello.mode, hello.view, hello.smoothing, hello.embeddings) == ("live", "individual", None, False)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"v": 2}, "v Input should be 1"),
        ({"mode": "fast"}, "mode Input should be 'live' or 'recorded'"),
        ({"view": 1}, "view"),
        ({"smoothing": -1}, "smoothing Input should be greater than or equal to 0"),
        ({"smoothing": "1"}, "smoothing Input should be a valid number"),
        ({"smoothing": 1e9}, "smoothing"),
        ({"embeddings": "yes"}, "embeddings Input should be a valid boolean"),
        ({"adaptation": [1]}, "adaptation an adaptation is an object"),
        ({"adaptation": {**ADAPTATION, "labels": ["happy"]}}, "adaptation 'happy' is no label of one's own"),
        ({"window": 0}, "window"),
        ({"veiw": "group"}, "veiw Extra inputs are not permitted"),
        ({"resume": {}}, "resume.captured_ms Field required"),
        ({"resume": {**RESUME, "faces": [{**FACE, "box": [1, 2, 0, 4]}]}}, "resume.faces.0.box.2"),
        ({"resume": {**RESUME, "faces": [{**FACE, "box": [1, 2]}]}}, "resume.faces.0.box"),
        ({"resume": {**RESUME, "faces": [{**FACE, "probabilities": {"happy": 7}}]}}, "probabilities.happy"),
        ({"resume": {**RESUME, "faces": [FACE] * 300}}, "resume.faces"),
    ],
)
def test_a_bad_part_is_named(change, words):
    with pytest.raises(BadHello, match="The hello is not understood") as refused:
        read_hello(json.dumps({"v": 1, **change}))
    assert words in str(refused.value)


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "null", '{"v": 1, "resume": {"faces": NaN}}'])
def test_what_is_no_hello_is_refused(text):
    with pytest.raises(BadHello):
        read_hello(text)

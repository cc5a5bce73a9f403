"""The real detectors on a real face."""

import io
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest
from PIL import Image

from detector_service import models
from detector_service.detectors import make_detector
from detector_service.find import find
from detector_service.finder import Finder
from detector_service.models import fetch
from moodstream.settings import Settings
from tests.clips import portrait


@pytest.fixture
def make():
    """Makes detectors and closes them, which MediaPipe's must be or the process hangs when it ends."""
    made = []

    def make(**options):
        made.append(make_detector(Settings(**options)))
        return made[-1]

    yield make
    for detector in made:
        detector.close()


@pytest.fixture(params=["mediapipe", "haar"])
def detector(request, make):
    if request.param == "mediapipe":
        request.getfixturevalue("model_files")
    detector = make(detector=request.param)
    assert detector.name == request.param
    return detector


def test_the_face_is_found_and_cropped(detector, astronaut):
    answer, crops = find(astronaut, detector, Settings())
    assert (answer.width, answer.height, answer.detector, answer.status) == (512, 512, detector.name, "ok")
    assert len(answer.readings) == 1 and len(crops) == 2304
    x, y, w, h = answer.readings[0].face.box
    assert abs(x + w / 2 - 224) < 15 and abs(y + h / 2 - 122) < 20 and 75 < w < 120 and 75 < h < 120
    assert np.frombuffer(crops, np.uint8).std() > 20
    assert set(answer.timings_ms) == {"decode", "detect", "crop"}
    if detector.name == "mediapipe":
        right_eye, left_eye, nose, mouth, _, _ = answer.readings[0].face.keypoints
        assert right_eye[0] < nose[0] < left_eye[0] and right_eye[1] < nose[1] < mouth[1]


def test_no_face_and_tiny_pictures(detector):
    for size in ((320, 240), (1, 1), (1, 300), (9, 9)):
        out = io.BytesIO()
        Image.new("RGB", size, (90, 120, 60)).save(out, "PNG")
        answer, crops = find(out.getvalue(), detector, Settings())
        assert answer.status == "ok" and answer.readings == () and crops == b""


@pytest.mark.parametrize("side", [110, 200, 440])
def test_near_and_far_faces_of_a_webcam(side, astronaut, make, model_files):
    astronaut = cv2.imdecode(np.frombuffer(astronaut, np.uint8), cv2.IMREAD_COLOR)[20:220, 120:320]
    frame = np.full((480, 640, 3), 120, np.uint8)
    frame[20 : 20 + side, 100 : 100 + side] = cv2.resize(astronaut, (side, side))
    assert len(Finder().find(frame, make())) == 1


def test_a_gallery_of_nine(astronaut, make, model_files):
    tile = cv2.imdecode(np.frombuffer(astronaut, np.uint8), cv2.IMREAD_COLOR)[0:240, 10:436]
    frame = np.tile(tile, (3, 3, 1))
    faces = Finder().find(frame, make())
    assert len(faces) == 9
    assert {(int((f.box[0] + 40) // 426), int((f.box[1] + 40) // 240)) for f in faces} == {
        (column, row) for column in range(3) for row in range(3)
    }


def test_a_face_cut_by_the_border(astronaut, make, model_files):
    picture = cv2.imdecode(np.frombuffer(astronaut, np.uint8), cv2.IMREAD_COLOR)[95:, :]
    answer, crops = find(cv2.imencode(".png", picture)[1].tobytes(), make(min_score=0.3), Settings())
    assert answer.status == "ok" and len(crops) == 2304 * len(answer.readings)


def test_files_that_cannot_be_had_mean_haar_and_a_loud_error(tmp_path, make, monkeypatch, caplog):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setattr("detector_service.models.sys.executable", "/bin/false")
    assert make(cache=tmp_path).name == "haar"
    assert "FALLING BACK" in caplog.text


def test_nothing_stands_in_for_matplotlib_afterwards(model_files):
    code = """if True:
        import importlib.util, sys
        importlib.util.find_spec = lambda name: None  # as where it is not installed
        from detector_service.detectors import make_detector
        from moodstream.settings import Settings
        detector = make_detector(Settings())
        detector.close()
        print(detector.name, "matplotlib" in sys.modules)
    """
    environment = {**os.environ, **models.environment(Settings())}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["mediapipe", "False"]


def test_cached_files_need_no_download(model_files, monkeypatch):
    monkeypatch.setattr("detector_service.models._download", lambda into: pytest.fail("fetched again"))
    assert fetch(Settings()) == model_files


@pytest.mark.parametrize("number", range(0, 63, 7))
def test_nothing_beside_the_face_is_taken_for_one(number, make, model_files):
    shown = portrait(number)
    views = {quality: cv2.imencode(".jpg", shown, [cv2.IMWRITE_JPEG_QUALITY, quality])[1] for quality in (60, 85)}
    views = {name: cv2.imdecode(file, cv2.IMREAD_COLOR) for name, file in views.items()}
    # Dithering makes textures that look like faces.
    views["dithered"] = np.asarray(Image.fromarray(shown).convert("P").convert("RGB"))
    views["mirrored"] = np.ascontiguousarray(shown[:, ::-1])
    detector = make()
    for name, view in views.items():
        faces = Finder().find(np.asarray(cv2.cvtColor(view, cv2.COLOR_RGB2BGR), np.uint8), detector)
        assert len(faces) == 1 and 70 < faces[0].box[1] < 84, (name, faces)

"""Videos of every kind are read picture by picture, and copied with the readings on them."""

import io
import threading
from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest

from moodstream import video_file
from moodstream.client import ServiceError
from moodstream.recording import Wish
from moodstream.types import Problem
from moodstream.video import VideoError, copy_suffix, read_video
from tests.clips import number_of, numbered, turned, write_video


def pictures(count, size=(96, 64)):
    return (numbered(n, size) for n in range(count))


def seats(answers):
    return [answer.readings[0].face.seat for answer in answers]


@pytest.mark.parametrize(
    ("name", "video", "audio"),
    [
        ("clip.mp4", "libx264", "aac"),
        ("clip.mov", "mpeg4", "pcm_s16le"),
        ("clip.mkv", "libx264", None),
        ("clip.webm", "libvpx-vp9", "libopus"),
        ("clip.avi", "mpeg4", "pcm_s16le"),
        ("clip.ts", "mpeg2video", "aac"),
        ("clip.ogv", "libvpx", "libopus"),
    ],
)
def test_every_picture_of_a_video_is_read_in_order(detector, tmp_path, name, video, audio):
    rate = 25 if video == "mpeg2video" else 10
    path = write_video(tmp_path / name, pictures(12), video=video, audio=audio, rate=rate)
    answers = list(read_video(path, detector.url))
    assert [a.frame for a in answers] == list(range(12))
    assert seats(answers) == list(range(12))
    steps = [after.captured_ms - before.captured_ms for before, after in pairwise(answers)]
    assert answers[0].captured_ms <= 100
    assert all(abs(step - 1000 / rate) <= 1 for step in steps), steps
    assert detector.hellos[0]["mode"] == "recorded" and detector.hellos[0]["window"] == 4


def test_times_are_those_of_the_video(detector, tmp_path):
    times = [0, 40, 60, 500, 510, 2000]
    path = write_video(tmp_path / "clip.mkv", pictures(6), audio=None, time_of=lambda n: Fraction(times[n], 1000))
    assert [a.captured_ms for a in read_video(path, detector.url)] == times


def test_a_telephone_s_video_is_turned_upright(detector, tmp_path):
    path = turned(write_video(tmp_path / "clip.mp4", pictures(3)))
    list(read_video(path, detector.url, annotated=tmp_path / "copy.mp4"))
    assert detector.sizes == [(64, 96)] * 3
    with av.open(str(tmp_path / "copy.mp4")) as copy:
        first = next(copy.decode(video=0)).to_ndarray(format="rgb24")
    assert first.shape == (96, 64, 3)
    # Clockwise: what was at the right is at the bottom.
    assert np.median(first[72:, :, 1]) > 30 and np.median(first[:4, :, 1]) < 12


@pytest.mark.parametrize(
    ("original", "audio", "copied", "sound", "codec"),
    [
        ("clip.mp4", "aac", "copy.mp4", "aac", "h264"),
        ("clip.mov", "pcm_s16le", "copy.mp4", "aac", "h264"),
        ("clip.mkv", "libopus", "copy.webm", "opus", "vp9"),
        ("clip.mp4", "aac", "copy.webm", "opus", "vp9"),
        ("clip.mkv", None, "copy.mp4", None, "h264"),
    ],
)
def test_a_copy_has_every_picture_its_face_and_the_sound(detector, tmp_path, original, audio, copied, sound, codec):
    path = write_video(tmp_path / original, pictures(15, (160, 120)), audio=audio)
    list(read_video(path, detector.url, annotated=tmp_path / copied))
    with av.open(str(tmp_path / copied)) as copy:
        assert copy.streams.video[0].codec_context.name.removeprefix("lib").startswith(codec)
        assert copy.streams.video[0].codec_context.pix_fmt == "yuv420p"
        frames = [(frame.time, frame.to_ndarray(format="rgb24")) for frame in copy.decode(video=0)]
        assert [bool(copy.streams.audio)] == [sound is not None]
    assert [number_of(picture) for _, picture in frames] == list(range(15)), "and colours are kept"
    assert all(abs(time - n / 10) < 0.002 for n, (time, _) in enumerate(frames))
    assert frames[3][1][8:28, 8:28].max() > 120, "a box is drawn on the dark half"
    if sound:
        with av.open(str(tmp_path / copied)) as copy:
            assert copy.streams.audio[0].codec_context.name == sound
            tone = np.concatenate([f.to_ndarray().mean(0).ravel() for f in copy.decode(audio=0)])
            rate = copy.streams.audio[0].rate
        assert 1.4 * rate < tone.size < 1.7 * rate
        pitch = np.abs(np.fft.rfft(tone)).argmax() * rate / tone.size
        assert abs(pitch - 440) < 5
    assert not list(tmp_path.glob(".*"))


def test_sides_that_are_odd_and_sizes_that_change(detector, tmp_path):
    path = write_video(tmp_path / "clip.gif", pictures(3, (95, 63)), video="gif", audio=None)
    answers = list(read_video(path, detector.url, annotated=tmp_path / "copy.mp4"))
    assert len(answers) == 3 and detector.sizes == [(95, 63)] * 3
    with av.open(str(tmp_path / "copy.mp4")) as copy:
        assert (copy.streams.video[0].width, copy.streams.video[0].height) == (94, 62)


def test_fewer_pictures_a_second(detector, tmp_path):
    path = write_video(tmp_path / "clip.mp4", pictures(20))
    answers = list(read_video(path, detector.url, pictures_a_second=2, annotated=tmp_path / "copy.mp4"))
    assert [a.captured_ms for a in answers] == [0, 500, 1000, 1500]
    assert [a.frame for a in answers] == [0, 5, 10, 15]
    with av.open(str(tmp_path / "copy.mp4")) as copy:
        assert sum(1 for _ in copy.decode(video=0)) == 20


def test_progress_and_an_early_end(detector, tmp_path):
    path = write_video(tmp_path / "clip.mp4", pictures(30))
    told, stop = [], threading.Event()
    answers = []
    for answer in read_video(
        path, detector.url, annotated=tmp_path / "copy.mp4", progress=told.append, cancelled=stop.is_set
    ):
        answers.append(answer)
        if answer.frame == 9:
            stop.set()
    assert 10 <= len(answers) <= 14
    assert told[9].pictures == 10 and told[9].share == pytest.approx(0.3, abs=0.01) and told[9].left_s > 0
    with av.open(str(tmp_path / "copy.mp4")) as copy:
        assert sum(1 for _ in copy.decode(video=0)) == len(answers)


def test_nobody_waits_for_an_answer_that_is_not_wanted(detector, tmp_path):
    path = write_video(tmp_path / "clip.mp4", pictures(10))
    detector.wait.clear()
    asked = []
    answers = read_video(path, detector.url, cancelled=lambda: asked.append(1) or len(asked) > 6)
    assert list(answers) == []


def test_a_broken_connection_loses_nothing(detector, tmp_path):
    path = write_video(tmp_path / "clip.mp4", pictures(12))
    detector.break_at = 6
    assert seats(list(read_video(path, detector.url))) == list(range(12))
    first, second = detector.hellos
    assert first["resume"] is None
    assert second["resume"]["faces"][0]["seat"] in (2, 3, 4, 5) and second["resume"]["width"] == 96
    assert sorted(set(detector.frames)) == list(range(12))


def test_a_refused_wish_is_told(detector, tmp_path):
    path = write_video(tmp_path / "clip.mp4", pictures(3))
    detector.refuse = Problem("bad_hello", "The hello is not understood: adaptation.")
    with pytest.raises(ServiceError, match="not understood: adaptation"):
        list(read_video(path, detector.url, Wish(adaptation={"nonsense": 1})))


def test_no_service_is_told(tmp_path):
    path = write_video(tmp_path / "clip.mp4", pictures(3))
    with pytest.raises(ServiceError, match=r"127\.0\.0\.1:9.*cannot be reached"):
        list(read_video(path, "http://127.0.0.1:9"))


def test_a_stream_that_cannot_be_sought_is_read(detector, tmp_path):
    path = write_video(tmp_path / "clip.webm", pictures(8), video="libvpx-vp9", audio="libopus")

    class Pipe(io.RawIOBase):
        def __init__(self):
            self.file = path.open("rb")

        def readable(self):
            return True

        def read(self, size=-1):
            return self.file.read(size)

        def close(self):
            self.file.close()

    with Pipe() as pipe:
        assert seats(list(read_video(pipe, detector.url))) == list(range(8))


def words(tmp_path, name, text):
    (tmp_path / name).write_bytes(text)
    return tmp_path / name


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("notes.txt", b"Dear diary,\n" * 50, "is no video of a kind that is read here"),
        ("list.ffconcat", b"ffconcat version 1.0\nfile /etc/hostname\n", "is no video of a kind"),
        ("list.m3u8", b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n", "is no video"),
        ("words.srt", b"1\n00:00:01,000 --> 00:00:02,000\nHello\n", "is no video"),
        ("empty.mp4", b"", "is empty"),
        ("noise.mp4", np.random.default_rng(1).bytes(5000), "is no video"),
    ],
)
def test_what_is_no_video_is_called_so(detector, tmp_path, name, content, said):
    with pytest.raises(VideoError, match=said):
        list(read_video(words(tmp_path, name, content), detector.url))
    assert detector.hellos == []


def test_sound_alone_is_no_video(detector, tmp_path):
    with av.open(str(tmp_path / "song.m4a"), "w", format="mp4") as out:
        sound = out.add_stream("aac", rate=48_000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4800), np.int16), "s16", "mono")
        frame.sample_rate = 48_000
        out.mux(sound.encode(frame))
        out.mux(sound.encode(None))
    with pytest.raises(VideoError, match="no moving pictures"):
        list(read_video(tmp_path / "song.m4a", detector.url))


def test_a_missing_file_is_an_os_error(detector, tmp_path):
    with pytest.raises(FileNotFoundError):
        list(read_video(tmp_path / "nowhere.mp4", detector.url))


@pytest.mark.parametrize(
    ("name", "video", "audio"), [("clip.webm", "libvpx-vp9", "libopus"), ("clip.mkv", "mpeg4", None)]
)
def test_what_can_be_read_of_a_cut_video_is_read(detector, tmp_path, name, video, audio):
    noise = np.random.default_rng(3)
    noisy = (noise.integers(0, 255, (96, 128, 3), np.uint8) for _ in range(40))
    path = write_video(tmp_path / name, noisy, video=video, audio=audio)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 3 // 4])
    answers = []
    with pytest.raises(VideoError, match="is damaged"):
        for answer in read_video(path, detector.url, annotated=tmp_path / "copy.mp4"):
            answers.append(answer)
    assert 4 <= len(answers) <= 36
    with av.open(str(tmp_path / "copy.mp4")) as copy:
        assert sum(1 for _ in copy.decode(video=0)) == len(answers)


def test_a_cut_mp4_is_called_so(detector, tmp_path):
    path = write_video(tmp_path / "clip.mp4", pictures(20))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(VideoError, match="beginning or end is missing"):
        list(read_video(path, detector.url))


def test_a_scratch_in_the_middle_costs_a_few_pictures(detector, tmp_path):
    path = write_video(tmp_path / "clip.ts", pictures(50), video="mpeg2video", audio=None, rate=25)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3000] = np.random.default_rng(2).bytes(3000)
    path.write_bytes(data)
    answers = []
    try:
        for answer in read_video(path, detector.url):
            answers.append(answer)
    except VideoError as error:
        assert "is damaged" in str(error)
    assert 20 < len(answers) <= 50
    times = [a.captured_ms for a in answers]
    assert times == sorted(set(times))


def test_giant_pictures_are_refused_before_they_are_decoded(detector, tmp_path, monkeypatch):
    path = write_video(tmp_path / "clip.mkv", pictures(2), audio=None)
    monkeypatch.setattr(video_file, "_MOST_PIXELS", 96 * 64 - 1)
    with pytest.raises(VideoError, match="96 x 64"):
        list(read_video(path, detector.url))
    assert detector.hellos == []


def test_a_copy_s_name_must_say_its_format(detector, tmp_path):
    path = write_video(tmp_path / "clip.mp4", pictures(3))
    with pytest.raises(ValueError, match=r"\.mp4 or \.webm"):
        list(read_video(path, detector.url, annotated=tmp_path / "copy.avi"))
    assert copy_suffix() in (".mp4", ".webm")

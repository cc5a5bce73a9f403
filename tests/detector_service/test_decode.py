"""Every kind of bad picture is refused with its own code, and every good one stands upright."""

import contextlib
import io
import struct

import numpy as np
import pytest
from PIL import Image

from detector_service.decode import PictureError, decode
from moodstream.settings import Settings
from tests.pictures import GRADIENT, REFUSED, encoded, unusual

OPTIONS = Settings(max_body_bytes=1_000_000)


def with_thumbnail() -> bytes:
    """A JPEG whose EXIF part holds a whole smaller JPEG, end mark included."""
    inner, whole = encoded(), encoded()
    segment = b"Exif\0\0" + inner
    return whole[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + whole[2:]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_decodes(kind):
    image = decode(encoded(kind), OPTIONS)
    assert image.shape == (40, 64, 3) and image.dtype == np.uint8
    assert np.abs(image.astype(int) - GRADIENT).max() < 12


def test_channels_are_bgr():
    assert decode(encoded("PNG", Image.new("RGB", (8, 8), (255, 0, 0))), OPTIONS)[0, 0].tolist() == [0, 0, 255]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_stands_upright_as_pillow_would_turn_it(kind, orientation):
    from PIL import ImageOps

    quarters = np.zeros((48, 64, 3), np.uint8)
    quarters[:24, :32], quarters[:24, 32:], quarters[24:, :32] = (250, 0, 0), (0, 250, 0), (0, 0, 250)
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = encoded(kind, Image.fromarray(quarters), exif=exif)
    with Image.open(io.BytesIO(picture)) as image:
        expected = np.asarray(ImageOps.exif_transpose(image).convert("RGB"), int)
    found = decode(picture, OPTIONS)[:, :, ::-1].astype(int)
    assert found.shape == expected.shape
    assert np.abs(found - expected).mean() < 8


UNUSUAL = unusual(Image.fromarray(GRADIENT))


@pytest.mark.parametrize("picture", UNUSUAL.values(), ids=UNUSUAL)
def test_unusual_pictures_become_the_same_pixels(picture):
    image = decode(picture, OPTIONS)
    assert image.shape == (40, 64, 3)
    assert abs(float(image.mean()) - float(GRADIENT.mean())) < 15
    assert image[:, :8].mean() < 60 < 190 < image[:, -8:].mean()


def test_one_pixel_is_a_picture():
    assert decode(encoded("PNG", Image.new("RGB", (1, 1))), OPTIONS).shape == (1, 1, 3)


def test_thumbnail_does_not_hide_the_end():
    picture = with_thumbnail()
    assert decode(picture, OPTIONS).shape == (40, 64, 3)
    with pytest.raises(PictureError) as caught:
        decode(picture[: len(picture) - 30], OPTIONS)
    assert caught.value.code == "truncated"


@pytest.mark.filterwarnings("ignore")  # Pillow mentions the broken tag
def test_a_broken_orientation_spoils_nothing():
    picture = encoded()
    broken = b"Exif\0\0MM\0*\xff\xff\xff\xff"
    assert decode(picture[:2] + b"\xff\xe1\0\x10" + broken + picture[2:], OPTIONS).shape == (40, 64, 3)


@pytest.mark.parametrize(
    ("picture", "code", "status"),
    [*REFUSED.values(), (encoded() + bytes(1_000_000), "body_too_large", 413)],
    ids=[*REFUSED, "over the limit"],
)
def test_refusals(picture, code, status):
    with pytest.raises(PictureError) as caught:
        decode(picture, OPTIONS)
    assert (caught.value.code, caught.value.http_status) == (code, status)
    answer = caught.value.answer()
    assert answer.status == "error" and answer.error.message.endswith(".")


@pytest.mark.filterwarnings("ignore")
def test_random_damage_never_raises_anything_else():
    rng = np.random.default_rng(1)
    for kind in ("JPEG", "PNG", "WEBP"):
        whole = encoded(kind)
        for _ in range(60):
            broken = bytearray(whole)
            for at in rng.integers(0, len(broken), 6):
                broken[at] = rng.integers(256)
            with contextlib.suppress(PictureError):
                assert decode(bytes(broken), OPTIONS).ndim == 3

"""Frames that were held back on their way are known as old, whatever the sender's clock says."""

import pytest

from detector_service.lag import Lag

NOW = 1_800_000_000.0


class Sender:
    def __init__(self, clock_ahead_s=0.0):
        self.now, self.ahead_s = NOW, clock_ahead_s
        self.lag = Lag(lambda: self.now)

    def frame(self, took_s, every_s=0.1):
        self.now += every_s
        return self.lag.of(round((self.now - took_s + self.ahead_s) * 1000))


@pytest.mark.parametrize("ahead_s", [0.0, 2.0, -2.0, 3600.0])
def test_a_frame_that_was_held_back_is_late_whatever_the_clocks(ahead_s):
    sender = Sender(ahead_s)
    assert [sender.frame(took) for took in (0.05, 0.05, 0.25, 3.05, 0.05)] == pytest.approx(
        [0, 0, 0.2, 3.0, 0], abs=0.002
    )


def test_a_quicker_frame_becomes_the_measure():
    sender = Sender()
    assert sender.frame(0.5) == 0
    assert sender.frame(0.1) == 0
    assert sender.frame(0.5) == pytest.approx(0.4, abs=0.002)


def test_lag_that_lasts_is_lag_for_half_a_minute_at_least():
    sender = Sender()
    sender.frame(0.05)
    lags = [sender.frame(2.05) for _ in range(299)]
    assert min(lags) > 1.9
    assert [sender.frame(2.05) for _ in range(600)][-1] == pytest.approx(0, abs=0.002)


@pytest.mark.parametrize("stamp", [0, 40, 10**15, 2**53 - 1])
def test_stamps_that_are_no_clock_tell_nothing(stamp):
    lag = Lag(lambda: NOW)
    assert [lag.of(stamp + 40 * n) for n in range(5)] == [0] * 5


def test_a_clock_that_was_set_is_followed():
    sender = Sender()
    sender.frame(0.05)
    sender.ahead_s = -3600.0
    assert sender.frame(0.05) == 0
    assert sender.frame(0.25) == pytest.approx(0.2, abs=0.002)
    sender.ahead_s = 3600.0
    assert [sender.frame(0.05), sender.frame(0.25)] == pytest.approx([0, 0.2], abs=0.002)

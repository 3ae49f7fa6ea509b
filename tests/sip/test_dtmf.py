"""One press, one digit."""

from __future__ import annotations

from sip.dtmf import DtmfFilter


def accepted(*presses: tuple[str, str, int, float]) -> str:
    filter_ = DtmfFilter()
    return "".join(
        digit for digit, method, stamp, now in presses if filter_.accept(digit, method, stamp, now)
    )


def test_a_peer_that_sends_both_ways_presses_once() -> None:
    assert accepted(("5", "rfc4733", 1, 0.0), ("5", "info", 2, 0.05)) == "5"
    assert accepted(("5", "info", 1, 0.0), ("5", "rfc4733", 2, 0.2)) == "5"


def test_quick_repeats_pair_one_to_one() -> None:
    both = [("5", "rfc4733", 1, 0.0), ("5", "rfc4733", 2, 0.2), ("5", "info", 3, 0.25), ("5", "info", 4, 0.4)]
    assert accepted(*both) == "55"
    assert accepted(*both, ("5", "rfc4733", 5, 0.6)) == "555"


def test_the_same_digit_by_one_method_is_a_new_press() -> None:
    assert accepted(("1", "info", 1, 0.0), ("1", "info", 2, 0.2), ("2", "info", 3, 0.3)) == "112"


def test_an_event_still_being_sent_after_a_reinvite_is_the_same_press() -> None:
    assert (
        accepted(("#", "rfc4733", 700, 0.0), ("#", "rfc4733", 700, 0.3), ("#", "rfc4733", 900, 0.5)) == "##"
    )


def test_the_other_method_much_later_is_a_press_of_its_own() -> None:
    assert accepted(("7", "rfc4733", 1, 0.0), ("7", "info", 2, 1.5)) == "77"

"""How much silence ends a turn, and why."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicecore.config import TurnSettings
from voicecore.turns.endpointing import Evidence, Fit, SlotFit, silence_to_wait
from voicecore.turns.pace import Pauses
from voicecore.turns.syntax import Ending

SETTINGS = TurnSettings()
PAUSES = Pauses(450, 0.6)
WHOLE = SlotFit(Fit.WHOLE, "6 of 6 digits")
PART = SlotFit(Fit.PART, "4 of 6 digits")


def wait_ms(**known: object) -> int:
    return silence_to_wait(SETTINGS, replace(Evidence(PAUSES), **known)).ms


def test_nothing_known_waits_as_long_as_pauses_last() -> None:
    assert 400 <= wait_ms() <= 900


def test_a_whole_answer_that_sounds_finished_is_taken_at_once() -> None:
    assert wait_ms(turn_probability=0.9, slot=WHOLE) == SETTINGS.wait_min_ms


def test_what_fills_no_slot_is_given_the_time_of_most_pauses() -> None:
    assert wait_ms(turn_probability=0.99) == SETTINGS.wait_open_ms


def test_a_part_of_an_answer_is_waited_for_however_finished_it_sounds() -> None:
    assert wait_ms(turn_probability=0.95, slot=PART) > 900


def test_an_open_sentence_is_waited_for() -> None:
    assert wait_ms(turn_probability=0.9, ending=Ending.OPEN) > 2 * wait_ms(
        turn_probability=0.9, ending=Ending.CLOSED
    )


def test_a_bare_no_gets_the_time_to_go_on_but_not_more() -> None:
    slot, ending = SlotFit(Fit.MAY_GO_ON), Ending.MAY_GO_ON
    assert 180 < wait_ms(turn_probability=0.8, slot=slot, ending=ending) < 500


def test_a_whole_answer_is_whole_whatever_its_last_word() -> None:
    assert wait_ms(turn_probability=0.9, slot=WHOLE, ending=Ending.OPEN) == SETTINGS.wait_min_ms


def test_a_slow_caller_is_given_more_time() -> None:
    assert wait_ms(turn_probability=0.3, pauses=Pauses(800, 0.6)) > 1.3 * wait_ms(turn_probability=0.3)


def test_in_noise_the_turn_model_is_trusted_less_and_the_ears_are_late() -> None:
    assert wait_ms(turn_probability=0.95, snr_db=8.0) > wait_ms(turn_probability=0.95, snr_db=30.0)
    assert wait_ms(turn_probability=0.95, slot=WHOLE, snr_db=5.0) > SETTINGS.wait_min_ms


def test_half_heard_speech_is_waited_for() -> None:
    assert wait_ms(turn_probability=0.99, speech=0.45) == SETTINGS.wait_open_ms + 60


def test_nothing_is_decided_just_before_more_is_known() -> None:
    """Digits sound finished one by one; only the recogniser knows that more must come."""
    assert wait_ms(turn_probability=0.99, read=False) == SETTINGS.soft_end_ms + 400
    hurried = TurnSettings(cutoff_cost_ms=50, wait_open_ms=120)
    assert silence_to_wait(hurried, Evidence(PAUSES)).ms == hurried.soft_end_ms + 80
    assert silence_to_wait(hurried, Evidence(PAUSES, slot=WHOLE)).ms == hurried.wait_min_ms


def test_dearer_cut_offs_mean_more_silence() -> None:
    waits = [
        silence_to_wait(TurnSettings(cutoff_cost_ms=cost), Evidence(PAUSES, 0.6)).ms
        for cost in (600, 1200, 2400, 4800)
    ]
    assert waits == sorted(waits)
    assert len(set(waits)) == 4


def test_no_other_silence_costs_less() -> None:
    known, ms = Evidence(PAUSES, 0.5), wait_ms(turn_probability=0.5)

    def cost(silence_ms: int) -> float:
        return 0.5 * silence_ms / SETTINGS.cutoff_cost_ms + 0.5 * known.pauses.outlast(silence_ms)

    assert all(cost(ms) <= cost(other) for other in range(SETTINGS.wait_open_ms, SETTINGS.wait_max_ms, 20))


def test_the_reasons_are_in_plain_words() -> None:
    wait = silence_to_wait(SETTINGS, Evidence(PAUSES, 0.9, Ending.CLOSED, PART, speech=0.5, snr_db=12.4))
    assert wait.reasons == (
        "sounds 90 % finished",
        "the sentence can end there",
        "4 of 6 digits",
        wait.reasons[3],
        "noise only 12 dB below",
        "perhaps still speech",
    )
    assert "chance of more" in wait.reasons[3]


@given(
    st.none() | st.floats(0, 1),
    st.sampled_from(Ending),
    st.sampled_from(Fit),
    st.floats(0, 1),
    st.floats(-100, 100),
    st.floats(100, 3000),
)
def test_the_wait_is_within_bounds_for_any_evidence(p, ending, fit, speech, snr, median) -> None:
    wait = silence_to_wait(SETTINGS, Evidence(Pauses(median, 0.6), p, ending, SlotFit(fit), speech, snr))
    assert SETTINGS.wait_min_ms <= wait.ms <= SETTINGS.wait_max_ms
    assert wait.reasons


@pytest.mark.parametrize("ending", Ending)
@pytest.mark.parametrize("fit", Fit)
def test_sounding_more_finished_never_lengthens_the_wait(ending: Ending, fit: Fit) -> None:
    waits = [wait_ms(turn_probability=p / 20, ending=ending, slot=SlotFit(fit)) for p in range(21)]
    assert waits == sorted(waits, reverse=True)

"""Passages of a call with and without private data."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from tests.pipeline.test_chronicle import spoken
from voicecore.pipeline.mouth import Speech
from voicecore.pipeline.privacy import Privacy, Redaction, timed_words
from voicecore.redaction import RedactionSettings, Rules
from voicecore.types import RATE, Transcript, WordMark


def test_only_what_surely_is_nobodys_secret_is_shown_while_it_is_said() -> None:
    privacy = Redaction(Rules(), lambda *_: None)
    said = "good morning I would like to pay the bill for my other house please it is four one one one"
    assert privacy.so_far("") == ""
    assert privacy.so_far("four one one one") == "…"
    assert privacy.so_far(said) == "good morning I would like to pay the bill for my other …"
    assert "four" not in privacy.so_far(
        f"{said} one one one one and that is all for today thank you very much"
    )


def test_the_agents_own_words_are_taken_out_of_its_channel_and_its_prefixes() -> None:
    muted: list[tuple[float, float, tuple[int, ...]]] = []
    privacy = Redaction(Rules(), lambda *span: muted.append(span))
    privacy.spoken("What is your card number?")
    privacy.heard(1, spoken("4111 1111 1111 1111", 1.0), "", (1.0, 2.0))
    text = "I heard 4111 1111 1111 1111, is that right?"
    (number,) = privacy.spoken(text)
    assert privacy.text(number) == "I heard [CARD_1], is that right?"
    assert privacy.text(number, 0, 12) == "I heard [CARD_1]"
    assert privacy.text(number, 12).strip() == ", is that right?"
    del muted[:]
    privacy.played(number, [(0, 1, 3.0, 3.1), (2, 7, 3.1, 3.3), (8, 12, 3.3, 3.7), (28, 30, 5.0, 5.2)])
    assert [(round(start, 2), round(end, 2), channels) for start, end, channels in muted] == [
        (3.26, 3.74, (1,))
    ]
    assert privacy.shown("agent", text[:12]) == "I heard [CARD_1]"


def test_a_turn_that_goes_on_is_taken_anew() -> None:
    privacy = Redaction(Rules(), lambda *_: None)
    privacy.spoken("What is your card number?")
    (first,) = privacy.heard(1, spoken("4111 1111", 1.0), "", (1.0, 2.0))
    (again,) = privacy.heard(1, spoken("4111 1111 1111 1111", 1.0), "", (1.0, 2.5))
    assert first == again == 1
    assert privacy.text(again) == "[CARD_1]"
    assert privacy.reveal({"card": "[CARD_1]"}) == {"card": "4111111111111111"}
    assert privacy.data({"card": "4111111111111111", "n": 3}) == {"card": "[CARD_1]", "n": 3}


def test_words_without_times_make_the_whole_turn_silent() -> None:
    muted: list[tuple[float, float, tuple[int, ...]]] = []
    privacy = Redaction(Rules(), lambda *span: muted.append(span))
    (number,) = privacy.heard(1, Transcript("my card is 4111 1111 1111 1111"), "", (1.0, 3.0))
    assert [(round(start, 2), round(end, 2), channels) for start, end, channels in muted] == [
        (0.96, 3.04, (0,))
    ]
    assert privacy.words(number) == ()


def test_fields_of_tools_are_private_as_the_agent_says() -> None:
    rules = Rules(RedactionSettings(fields={"who": "name", "born": "birth_date", "account": "account"}))
    privacy = Redaction(rules, lambda *_: None)
    given = {"who": "Mary", "born": date(1980, 5, 4), "account": 1234, "due": date(2026, 12, 1), "n": None}
    kept = privacy.data({**given, "list": [{"who": "Mary"}], "ok": True})
    assert kept == {
        "who": "[NAME_1]",
        "born": "[BIRTH_DATE_1]",
        "account": "[ACCOUNT_1]",
        "due": date(2026, 12, 1),
        "n": None,
        "list": [{"who": "[NAME_1]"}],
        "ok": True,
    }
    (number,) = privacy.spoken("Good, Mary, I have your account.")
    assert privacy.text(number) == "Good, [NAME_1], I have your account."


def test_a_key_is_not_in_the_recording() -> None:
    muted: list[tuple[float, float, tuple[int, ...]]] = []
    privacy = Redaction(Rules(), lambda *span: muted.append(span))
    privacy.pressed(0.2)
    assert muted == [(0.0, 0.5, (0,))]
    assert privacy.keyed("4711", "") == "[NUMBER_1]"


@given(st.lists(st.text(st.characters(codec="ascii"), max_size=40), max_size=8))
def test_without_redaction_everything_reads_as_it_was_said(texts: list[str]) -> None:
    privacy = Privacy()
    for nth, text in enumerate(texts):
        (number,) = privacy.heard(nth, Transcript(text), "", (0.0, 1.0)) if nth % 2 else privacy.spoken(text)
        assert privacy.text(number) == privacy.shown("caller", text) == privacy.so_far(text) == text


def test_words_of_the_agent_have_their_times_until_it_is_cut_off() -> None:
    speech = Speech("s1", "one two three", samples=3 * RATE)
    speech.marks = [WordMark((0, 3), 0), WordMark((4, 7), RATE), WordMark((8, 13), 2 * RATE)]
    assert timed_words(speech, 10.0, 11.5) == [(0, 3, 10.0, 11.0), (4, 7, 11.0, 11.5)]

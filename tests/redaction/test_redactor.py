"""Whole calls through the redactor: what is masked, what is left, what earlier turns become."""

import pytest

from voicecore.redaction import Entity, Pattern, RedactionSettings, Redactor, Rules
from voicecore.types import Word

CARD = "four five three nine one four eight eight oh three four three six four six seven"


@pytest.fixture
def call():
    return Redactor()


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (f"my card number is {CARD} okay", "my card number is [CARD_1] okay"),
        ("it's forty-five thirty-nine 1488 0343 no wait 6467 0343 6467", "it's [CARD_1]"),
        ("the security code is one two three", "the security code is [CVV_1]"),
        ("it expires oh nine twenty seven", "it expires [EXPIRY_1]"),
        ("my social is one twenty three forty five sixty seven eighty nine", "my social is [NATIONAL_ID_1]"),
        ("call me at two one two five five five oh one nine nine", "call me at [PHONE_1]"),
        ("it's jane dot doe at gmail dot com thanks", "it's [EMAIL_1] thanks"),
        ("i live at forty two seventeen maple street", "i live at [ADDRESS_1]"),
        ("my name is jane doe", "my name is [NAME_1]"),
        ("i was born on march third nineteen eighty four", "i was born on [BIRTH_DATE_1]"),
        ("my bill is forty two dollars and fifty cents", "my bill is forty two dollars and fifty cents"),
        (
            "one moment please i'm on the twenty second floor",
            "one moment please i'm on the twenty second floor",
        ),
        ("i paid with my card in twenty nineteen", "i paid with my card in twenty nineteen"),
    ],
)
def test_a_turn(call, said, kept):
    assert call.heard(said).text == kept


def test_a_number_over_turns_and_confirmations_gets_one_token_and_revises_what_was_kept(call):
    first = call.heard("sure four five three nine")
    assert first.text == "sure four five three nine"
    assert call.spoken("okay four five three nine go on").text == "okay four five three nine go on"
    second = call.heard("one four eight eight")
    assert [r.text for r in second.revised] == ["sure [NUMBER_1]", "okay [NUMBER_1] go on"]
    call.spoken("mm hm")
    last = call.heard("oh three four three six four six seven")
    assert last.text == "[CARD_1]"
    assert {call.turn(n).text for n in (0, 1, 2)} == {"sure [CARD_1]", "okay [CARD_1] go on", "[CARD_1]"}
    assert call.secrets.reveal("[CARD_1]") == "4539148803436467"


def test_the_answer_to_a_question_is_known_by_the_question(call):
    call.spoken("and the three digits on the back?")
    assert call.heard("uh four one seven").text == "uh [CVV_1]"
    call.spoken("thanks. how much would you like to pay?")
    assert call.heard("four one seven").text == "four one seven"


def test_the_agent_repeating_a_value_is_redacted_with_the_same_token(call):
    call.heard(f"my card number is {CARD}")
    assert call.spoken("that is the card ending in six four six seven, right?").text == (
        "that is the card ending in [CARD_1], right?"
    )


def test_times_are_those_of_the_words(call):
    said = "code is one two three thanks"
    words = [Word(w, n * 0.5, n * 0.5 + 0.4) for n, w in enumerate(said.split())]
    (found,) = call.heard(said, words, expecting=Entity.CVV).findings
    assert (found.entity, found.t0, found.t1) == ("cvv", 1.0, 2.4)
    assert said[found.start : found.end] == "one two three"


def test_words_that_do_not_match_the_text_give_the_whole_time(call):
    (found,) = call.heard("my pin is 1 2 3 4", [Word("my", 2.0, 2.1), Word("pin", 3.0, 4.0)]).findings
    assert (found.t0, found.t1) == (2.0, 4.0)


def test_a_bundle_has_numbers_of_its_own():
    order = Pattern(name="order", cues=("order number",), shape="[A-Z]{2}[0-9]{6}")
    call = Redactor(Rules(RedactionSettings(patterns=(order,))))
    assert call.heard("it's a b as in boy one two three four five six").text == "it's [ORDER_1]"
    assert call.secrets.reveal({"order": "[ORDER_1]"}) == {"order": "AB123456"}


def test_entities_that_nobody_wants_stay():
    call = Redactor(Rules(RedactionSettings(entities=(Entity.CARD,))))
    assert call.heard("my name is jane doe").text == "my name is jane doe"


def test_keys_become_a_token_only(call):
    assert call.keyed("4539148803436467", Entity.CARD) == "[CARD_1]"
    assert "4539" not in repr(call) + repr(call.secrets)


def test_what_the_dialogue_expects_is_believed(call):
    assert call.heard("seven two", expecting=Entity.ACCOUNT).text == "[ACCOUNT_1]"
    assert call.heard("featherstonehaugh", expecting=Entity.NAME).text == "[NAME_1]"
    assert call.heard("four", expecting=Entity.NAME).text == "four"

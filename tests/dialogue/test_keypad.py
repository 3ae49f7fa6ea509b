"""Keys instead of speech."""

from __future__ import annotations

from datetime import date

import pytest

from tests.dialogue.conftest import BACKEND, Conversation
from voicecore.dialogue import Agent, Dialogue, IntentIndex


def test_a_whole_call_by_keys(call: Conversation) -> None:
    assert "customer number" in call.presses("3")
    assert "postcode" in call.presses("482716")
    assert "How many payments" in call.presses("24718#")
    assert "On what day" in call.presses("3")
    assert "three payments, the first on December first" in call.presses("0112")
    assert "Your reference is" in call.presses("1")
    assert call.calls("create_arrangement")[0]["first_date"] == "2026-12-01"


def test_keys_may_come_one_by_one(call: Conversation) -> None:
    call.says("how much do i owe")
    for key in "48271":
        assert call.presses(key) == ""
    assert call.state.keyed == "48271"
    assert "postcode" in call.presses("6")
    assert call.state.keyed == ""


def test_hash_ends_and_star_begins_again(call: Conversation) -> None:
    call.says("how much do i owe")
    assert call.presses("48*482#") == "I got four eight two. What comes after that?"
    call.presses("716#")
    assert call.state.values["customer_number"] == "482716"


def test_a_pause_ends_the_entry(call: Conversation) -> None:
    call.says("how much do i owe")
    call.presses("482")
    assert call.is_silent() == "I got four eight two. What comes after that?"


def test_one_is_yes_and_two_is_no(known: Conversation) -> None:
    known.says("three payments")
    known.says("december first")
    assert known.presses("2").startswith("What should I change")
    assert "make the first payment?" in known.presses("2")
    known.says("december second")
    known.presses("1")
    assert known.calls("create_arrangement")[0]["first_date"] == "2026-12-02"


def test_keys_pressed_ahead_are_no_consent(known: Conversation) -> None:
    known.says("three payments")
    known.says("december first")
    known.presses("211")
    assert known.calls("create_arrangement") == []


def test_zero_is_the_operator(call: Conversation) -> None:
    call.presses("0")
    assert call.transferred


def test_zero_is_a_digit_in_a_number(call: Conversation) -> None:
    call.says("how much do i owe")
    call.presses("0")
    assert call.state.keyed == "0"


def test_star_repeats(call: Conversation) -> None:
    assert "How can I help you?" in call.presses("*")


def test_a_key_that_is_not_offered_is_a_miss(call: Conversation) -> None:
    assert call.presses("9").startswith("Sorry, I didn't catch that.")


@pytest.mark.parametrize("keys", ["482716#", "482716"])
def test_a_late_hash_means_nothing(call: Conversation, keys: str) -> None:
    call.says("how much do i owe")
    assert "postcode" in call.presses(keys)
    assert call.presses("#") == ""
    assert call.state.misses == 0


def test_an_offer_is_answered_by_keys(call: Conversation) -> None:
    call.says("operator", confidence=0.1)
    assert "What can I do for you?" in call.presses("2")
    call.says("operator", confidence=0.1)
    call.presses("1")
    assert call.transferred


def test_a_check_is_answered_by_keys(call: Conversation) -> None:
    call.says("how much do i owe")
    call.says("four eight two seven one six", confidence=0.4)
    call.presses("1")
    assert call.state.values["customer_number"] == "482716"


def test_one_of_two_readings_is_chosen_by_keys(known: Conversation) -> None:
    known.says("three payments", confidence=0.4, alternatives=("five payments",))
    known.presses("2")
    assert known.state.values["instalments"] == 5


def test_a_date_that_the_calendar_lacks_is_a_miss(known: Conversation) -> None:
    known.presses("3")
    assert known.presses("3113").startswith("Sorry, I didn't catch that.")


def test_a_number_out_of_range_is_refused(known: Conversation) -> None:
    assert known.presses("9").startswith("I can only offer from two to six payments.")


SHOP = {
    "agent.yaml": "name: shop\nstart: main\nhandoff: {target: sip:a@b}",
    "intents.yaml": "intents: {}",
    "tools.yaml": "base_url: http://x\ntools: {}",
    "slots.yaml": """
slots:
  sum: {kind: amount, label: the sum, prompt: "How much?", minimum: 100, maximum: 99900}
  card:
    kind: choice
    label: the card
    prompt: Which card?
    choices:
      - {value: visa, say: Visa, accepts: [visa, visa card]}
      - {value: master, say: Mastercard, accepts: [master card, master]}
  member: {kind: yesno, label: membership, prompt: "Are you a member?"}
  surname: {kind: spelled, label: your name, prompt: Please spell your name.}
  birthday: {kind: date, label: your birthday, prompt: "When is your birthday?"}
""",
    "flows/main.yaml": """
title: shop
steps: [{ask: sum}, {ask: card}, {ask: member}, {ask: surname}, {ask: birthday}, {end: Bye.}]
""",
}


@pytest.fixture
def shop() -> Conversation:
    agent = Agent.parse(SHOP)
    return Conversation(Dialogue(agent, IntentIndex.build(agent), date(2027, 3, 1)), BACKEND)


def test_amounts_choices_and_yes_by_keys(shop: Conversation) -> None:
    shop.presses("42*5#")
    shop.presses("2")
    shop.presses("1")
    assert shop.state.values == {"sum": 4250, "card": "master", "member": True}


@pytest.mark.parametrize(
    ("keys", "cents"), [("42#", 4200), ("0*99#", None), ("7*05#", 705), ("7*123#", None)]
)
def test_amounts_have_a_star_for_the_point(shop: Conversation, keys: str, cents: int | None) -> None:
    shop.presses(keys)
    assert shop.state.values.get("sum") == cents


def test_every_kind_of_slot_by_voice(shop: Conversation) -> None:
    assert "star before the cents" in [shop.says("hm"), shop.says("hm")][1]
    shop.says("forty two euros and fifty cents")
    shop.says("hm")
    assert "one to visa or two to mastercard" in shop.says("hm")
    shop.says("visa card")
    shop.says("hm")
    assert "press one for yes" in shop.says("hm")
    shop.says("no")
    shop.says("s m i t h")
    shop.says("hm")
    assert "two digits for the day" in shop.says("hm")
    shop.says("the fourth of may")
    assert shop.state.values == {
        "sum": 4250,
        "card": "visa",
        "member": False,
        "surname": "smith",
        "birthday": "2027-05-04",
    }
    assert shop.hung_up == "done"


def test_a_leap_day_is_the_next_one(shop: Conversation) -> None:
    shop.says("ten euros")
    shop.says("visa")
    shop.says("yes")
    shop.says("s m i t h")
    shop.presses("2902")
    assert shop.state.values["birthday"] == "2028-02-29"

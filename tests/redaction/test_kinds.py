"""What runs are, by check digits, lengths and cues."""

import pytest

from voicecore.redaction.cues import Cue
from voicecore.redaction.entities import Entity
from voicecore.redaction.kinds import Judge, Said, is_card, is_phone
from voicecore.redaction.settings import Pattern

ORDER = Pattern(name="order", cues=("order number",), shape="[A-Z]{2}[0-9]{6}")
JUDGE = Judge([ORDER], "US")
ACCOUNT = Cue(Entity.ACCOUNT, 4, 20, 2)


def said(*parts, pieces=9, measured=False, scaled=False):
    return Said(parts, parts, pieces, measured, scaled)


@pytest.mark.parametrize(
    ("number", "card"),
    [
        ("4111111111111111", True),
        ("378282246310005", True),
        ("4111111111111112", False),
        ("1111111111111117", False),
        ("411111111111111", False),
    ],
)
def test_cards(number, card):
    assert is_card(number) is card


def test_phones_of_the_region_and_of_others():
    assert is_phone("2125550199", "US")
    assert is_phone("447912345678", "US")
    assert not is_phone("1234567890", "US")


@pytest.mark.parametrize(
    ("run", "entity"),
    [
        (said("4111111111111111"), "card"),
        (said("2125550199"), "phone"),
        (said("DE89370400440532013000"), "iban"),
        (said("QQ123456C"), None),
        (said("AB123456C"), "national_id"),
        (said("XY123456"), "order"),
        (said("12345678"), "number"),
        (said("123456"), None),
        (said("2500000", pieces=1, scaled=True), None),
    ],
)
def test_without_any_cue(run, entity):
    kind = JUDGE.judge(run, None)
    assert (kind and kind.entity) == entity


def test_a_cue_names_what_could_be_anything():
    assert JUDGE.judge(said("123456"), ACCOUNT).entity == Entity.ACCOUNT
    assert JUDGE.judge(said("12", pieces=1), ACCOUNT) is None
    assert JUDGE.judge(said("12", pieces=2), ACCOUNT, asked=True).entity == Entity.ACCOUNT
    assert JUDGE.judge(said("1234", measured=True), ACCOUNT) is None


def test_a_correction_takes_back_as_little_as_makes_it_right():
    assert JUDGE.judge(said("41111112", "111111111111"), None).value == "4111111111111111"

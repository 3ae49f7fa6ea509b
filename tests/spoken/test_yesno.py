"""Agreement and refusal."""

import pytest

from voicecore.spoken import parse_yes_no


@pytest.mark.parametrize(
    "said",
    [
        "yes", "yeah", "yep", "yup", "sure", "okay", "ok", "that's right", "That's correct.", "correct",
        "right", "exactly", "absolutely", "of course", "uh huh", "mm hm", "mhm", "yes please",
        "please do", "go ahead", "sounds good", "i do", "yes it is", "why not", "no problem",
        "not a problem", "yes i would like to pay", "uh yes", "yes yes", "oh yes that's right",
        "affirmative", "all right", "i don't mind", "Yes, exactly.",
    ],
)  # fmt: skip
def test_yes(said: str) -> None:
    parsed = parse_yes_no(said)
    assert parsed is not None
    assert (parsed.value, parsed.certain) == (True, True)


@pytest.mark.parametrize(
    "said",
    [
        "no", "nope", "nah", "not really", "no thanks", "no thank you", "no not really", "that's wrong",
        "that's not right", "not quite", "incorrect", "never", "definitely not", "of course not",
        "uh uh", "i'd rather not", "i don't", "i don't want to", "please don't", "no no no", "not now",
        "um no", "that is not what i said", "no it isn't", "No, that's not correct.",
    ],
)  # fmt: skip
def test_no(said: str) -> None:
    parsed = parse_yes_no(said)
    assert parsed is not None
    assert (parsed.value, parsed.certain) == (False, True)


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("yeah no", False),
        ("no yeah", True),
        ("no that's right", True),
        ("yes no wait", False),
        ("probably yes", True),
        ("i guess so", True),
        ("i think so", True),
        ("yes but not today", False),
        ("the amount is right i mean for me", True),
    ],
)
def test_doubtful_answers(said: str, value: bool) -> None:
    parsed = parse_yes_no(said)
    assert parsed is not None
    assert (parsed.value, parsed.certain) == (value, False)


@pytest.mark.parametrize(
    "said",
    [
        "", "i'm not sure", "i don't know", "maybe", "right now", "it is about my bill", "forty two",
        "no idea", "yes or no", "good morning", "i do have a question about it",
    ],
)  # fmt: skip
def test_neither(said: str) -> None:
    assert parse_yes_no(said) is None


def test_the_span_covers_all_that_agrees() -> None:
    parsed = parse_yes_no("um yes that's right thanks")
    assert parsed is not None
    assert parsed.span == (1, 4)

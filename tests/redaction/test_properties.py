"""Whatever the grouping, the split and what is said between: no digit of a planted number is left."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import luhn

from voicecore.redaction import Redactor, Rules
from voicecore.spoken import parse_digits
from voicecore.spoken.words import listed

RULES = Rules()
DIGITS = ("oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
TEENS = (
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    "nineteen",
)
BETWEEN = st.sampled_from(["", "", "", "uh", "um", "and then", "dash", "okay", "yeah"])
CONFIRMS = st.sampled_from(
    ["okay", "mm hm", "go ahead", "got it, and the next digits?", "{echo} okay go on", "I have {echo}"]
)
WORDS = listed("four double seven oh no wait my card number is at dot com street march third name jane")
WORDS += listed("expires a m x one hundred and for as in gmail box p o to uh two-three 17")
CARDS = st.builds(
    lambda head, rest: (head + rest)[:15] + luhn.calc_check_digit((head + rest)[:15]),
    st.sampled_from(["4", "51", "55"]),
    st.text("0123456789", min_size=14, max_size=14),
)


def one_by_one(digits):
    return " ".join(DIGITS[int(d)] for d in digits)


def in_pairs(digits):
    said = []
    for pair in re.findall("..?", digits):
        value = int(pair)
        if len(pair) == 1 or pair[0] == "0":
            said.append(one_by_one(pair))
        elif value < 20:
            said.append(TEENS[value - 10])
        else:
            said.append(TENS[value // 10] + (f" {DIGITS[value % 10]}" if value % 10 else ""))
    return " ".join(said)


def doubled(digits):
    return re.sub(r"(\w+) \1(?= |$)", r"double \1", one_by_one(digits))


SAY = st.sampled_from([one_by_one, in_pairs, doubled, str, lambda d: one_by_one(d).replace(" ", "-")])


@st.composite
def calls(draw):
    """A card number in groups of any size, each in any form, over any turns; turns are (agent, text)."""
    number = draw(CARDS)
    cuts = sorted(draw(st.sets(st.integers(2, 14), max_size=6)))
    groups = [number[a:b] for a, b in zip([0, *cuts], [*cuts, 16], strict=True)]
    turns, now = (
        [],
        draw(st.sampled_from(["my card number is", "the card number is", "yes my card number's"])),
    )
    for nth, group in enumerate(groups):
        now = " ".join(filter(None, [now, draw(BETWEEN) if nth else "", draw(SAY)(group)]))
        if nth + 1 < len(groups) and draw(st.booleans()):
            turns += [(False, now), (True, draw(CONFIRMS).format(echo=one_by_one(group)))]
            now = ""
    return number, [*turns, (False, now)]


@settings(max_examples=300, deadline=None)
@given(calls())
def test_no_digit_of_a_card_survives(call):
    number, turns = call
    redactor = Redactor(RULES)
    for agent, text in turns:
        (redactor.spoken if agent else redactor.heard)(text)
    for nth in range(len(turns)):
        left = re.sub(r"\[[A-Z_]+_\d+\]", " ", redactor.turn(nth).text).replace("card number", "")
        assert parse_digits(left) is None, (redactor.turn(nth).text, number)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_anything_may_be_said(text):
    redacted = Redactor(RULES).heard(text)
    at = 0
    for finding in redacted.findings:
        assert at <= finding.start < finding.end <= len(text)
        at = finding.end
    assert redacted.findings or redacted.text == text


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=20))
def test_any_words_in_any_order(words):
    text = " ".join(words)
    redacted = Redactor(RULES).heard(text)
    assert all(0 <= f.start < f.end <= len(text) for f in redacted.findings)

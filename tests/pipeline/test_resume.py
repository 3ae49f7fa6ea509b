"""What is said again after a false interruption: from the word group that was cut, under one account."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pipeline.fakes import WORD
from tests.pipeline.test_mouth import Rig
from voicecore.pipeline.mouth import Delivery
from voicecore.pipeline.resume import Resume, unheard
from voicecore.types import TICK

READ_BACK = "So that is eighty-six euros and forty cents in three payments, the first on December third."


@pytest.mark.parametrize(
    ("text", "heard", "rest"),
    [
        ("What is your number?", "", "What is your number?"),
        ("What is your number?", "What is your", "What is your number?"),
        ("What is your number?", "What is your number?", ""),
        ("I see. What is your number?", "I see.", "What is your number?"),
        ("I see. What is your number?", "I", "I see. What is your number?"),
        ("I see. What is your number?", "I see. What", "What is your number?"),
        (READ_BACK, "So that is eighty-six", READ_BACK),
        (READ_BACK, READ_BACK[: READ_BACK.index(" three")], READ_BACK[READ_BACK.index("in three") :]),
        (READ_BACK, READ_BACK[: READ_BACK.index(" the first")], "the first on December third."),
        (READ_BACK, READ_BACK[: READ_BACK.index(" third")], "on December third."),
        ("It is 1,234.50 euros", "It is", "It is 1,234.50 euros"),
        ("Yes — it is there", "Yes", "it is there"),
        ("Well... ", "Well...", ""),
    ],
)
def test_it_begins_with_the_word_group_that_was_cut(text: str, heard: str, rest: str) -> None:
    assert unheard(text, heard) == rest


@given(
    st.lists(st.sampled_from(["so", "in", "three", "£12.50", "yes,", "no.", "—", "Dr.", "5%"])).map(" ".join),
    st.data(),
)
def test_nothing_is_left_out_and_no_word_begins_in_its_middle(text: str, data: st.DataObject) -> None:
    heard = text[: data.draw(st.sampled_from([0, *(n for n, c in enumerate(text) if c == " "), len(text)]))]
    rest = unheard(text, heard)
    assert text.endswith(rest)
    at = len(text) - len(rest)
    assert at == 0 or text[at - 1].isspace() or not rest
    assert text[len(heard) : at].strip(" —") == "" or at <= len(heard)


class Account:
    """The mouth of a call whose agent is interrupted, and what its deliveries add up to."""

    def __init__(self) -> None:
        self.rig = Rig()
        self.resume = Resume()

    def stop(self) -> list[tuple[str, str, bool]]:
        over = self.rig.mouth.stop(self.rig.call.played)
        for delivery in over:
            self.resume.note(delivery)
        return [(d.id, d.heard, d.complete) for d in over]

    async def go_on(self) -> None:
        for speech in self.resume.take(self.rig.mouth):
            self.rig.mouth.say(speech)
            assert speech.task is not None
            await speech.task


async def test_it_goes_on_with_the_cut_utterance_and_those_behind_it() -> None:
    account = Account()
    rig = account.rig
    await rig.says("a", "one two, three four")
    await rig.says("b", "five")
    rig.ticks(35)
    assert account.stop() == [("a", "one two, three", False), ("b", "", False)]
    assert account.resume.pending
    await account.go_on()
    assert not account.resume.pending
    assert [(s.id, s.offset, s.samples) for s in rig.queued[-2:]] == [("a", 9, 2 * WORD), ("b", 0, WORD)]
    assert rig.ticks(30) == [("a", "one two, three four", True), ("b", "five", True)]


async def test_what_is_known_to_be_heard_never_shrinks() -> None:
    account = Account()
    rig = account.rig
    await rig.says("a", "one two three four, five")
    for ticks, heard in ((25, "one two"), (5, "one two"), (35, "one two three"), (45, "one two three four,")):
        rig.ticks(ticks)
        assert account.stop() == [("a", heard, False)]
        await account.go_on()
    assert rig.queued[-1].offset == 20
    assert rig.ticks(WORD // TICK) == [("a", "one two three four, five", True)]


async def test_a_real_interruption_leaves_it_unsaid() -> None:
    account = Account()
    await account.rig.says("a", "one two")
    account.stop()
    account.resume.forget()
    assert account.resume.take(account.rig.mouth) == []


def test_fillers_and_what_was_heard_are_not_kept() -> None:
    resume = Resume()
    resume.note(Delivery("f0", "One moment, please.", "One", complete=False, filler=True))
    resume.note(Delivery("s1", "Yes.", "Yes.", complete=True))
    assert not resume.pending

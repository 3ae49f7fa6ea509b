"""What the model is told to expect."""

from __future__ import annotations

from models.asr_whisper.prompt import Prompter, phrases_of
from voicecore.types import Expectation, SlotKind

CARDS = Expectation(SlotKind.CHOICE, ("visa", "bank transfer"), ("operator",))


def encode(text):
    """A token per sign."""
    return [ord(sign) for sign in text]


def text(tokens):
    return "".join(map(chr, tokens))


def test_the_dialogues_words_come_last_and_nearest():
    assert text(Prompter(encode, length=60).of(CARDS)).endswith(" visa, bank transfer, operator,")


def test_every_prompt_is_as_long_as_the_others():
    prompter = Prompter(encode, length=60)
    kinds = [Expectation(kind, ("yes", "no thank you")) for kind in SlotKind]
    assert {len(prompter.of(kind)) for kind in kinds} == {60}
    assert len(prompter.after("i want to pay")) == 60


def test_nothing_expected_no_prompt():
    assert Prompter(encode).of(Expectation()) == ()
    assert Prompter(encode).of(Expectation(commands=("operator",))) == ()


def test_what_does_not_fit_is_left_out_whole():
    long = Expectation(SlotKind.CHOICE, ("one thing", "another thing", "something else"))
    assert text(Prompter(encode, length=30).of(long)).endswith(" one thing, another thing,")
    assert Prompter(encode, length=5).of(long) == ()


def test_prompts_can_be_turned_off():
    prompter = Prompter(encode, length=0)
    assert prompter.of(CARDS) == prompter.after("hello") == ()


def test_hints_of_ours_are_english():
    assert "yes" in phrases_of(Expectation(SlotKind.YESNO))
    assert phrases_of(Expectation(SlotKind.YESNO), hints=False) == ()
    assert text(Prompter(encode, "fr", 60).of(CARDS)) == " visa, bank transfer, operator,"


def test_a_word_is_told_once():
    assert phrases_of(Expectation(SlotKind.YESNO, ("yes", "maybe"), ("maybe",))) == ("yes", "maybe", "no")


def test_the_utterance_so_far_leads_on():
    assert text(Prompter(encode, length=10).after("i want to pay my bill")) == "ay my bill"

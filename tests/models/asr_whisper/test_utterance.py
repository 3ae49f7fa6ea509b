"""One utterance, read by a desk that answers from a script."""

from __future__ import annotations

from concurrent.futures import Future

import numpy as np
import pytest

from models.asr_whisper.calibration import Calibration
from models.asr_whisper.prompt import Prompter
from models.asr_whisper.reading import Reading, Spoken
from models.asr_whisper.settings import Settings
from models.asr_whisper.utterance import Means, Utterance
from models.asr_whisper.windows import Windows
from voicecore.errors import EngineError
from voicecore.types import RATE, Expectation, SlotKind, Transcript, Word

CARDS = Expectation(SlotKind.CHOICE, ("visa", "bank transfer"))


def reading(text, no_speech=0.0, log_probability=-0.2):
    """Words of 0.4 s each from the window's beginning on; their tokens are their length."""
    spoken = [
        Spoken(Word(word, i * 0.4, (i + 1) * 0.4, 0.9), (len(word),)) for i, word in enumerate(text.split())
    ]
    return Reading(tuple(spoken), text, no_speech, log_probability)


class Ticket:
    def __init__(self):
        self.future = Future()


class Desk:
    """Answers with the next of ``answers``, the last for ever; or, ``slow``, when it is told to."""

    def __init__(self, *answers, slow=False):
        self.answers = list(answers)
        self.slow = slow
        self.asked, self.tickets, self.withdrawn = [], [], []

    def ask(self, window, urgent):
        self.asked.append((window, urgent))
        self.tickets.append(Ticket())
        if not self.slow:
            self.answer(self.tickets[-1])
        return self.tickets[-1]

    def answer(self, ticket):
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            ticket.future.set_exception(answer)
        else:
            ticket.future.set_result(answer)

    def withdraw(self, ticket):
        self.withdrawn.append(ticket)


def encode(text):
    return [ord(sign) for sign in text]


def utterance(desk, expectation=CARDS, release=lambda: None, calibration=None, **settings):
    chosen = Settings(**{"lockstep": True, "timeout_s": 0.05, **settings})
    means = Means(desk, Prompter(encode, length=40), Windows(), calibration or Calibration(), chosen, 80)
    return Utterance(means, expectation, release)


def sound(seconds, seed=0):
    return np.random.default_rng(seed).normal(0, 2000, int(seconds * RATE)).astype(np.int16)


def partials(stream, seconds, step=0.1):
    heard = [stream.accept(sound(step)) for _ in range(round(seconds / step))]
    return [partial for partial in heard if partial is not None]


def test_partials_say_how_many_words_are_settled():
    desk = Desk(*map(reading, ("i want", "i want to", "i want to pay", "i want to pay my")))
    heard = partials(utterance(desk), 3.0)
    assert [(partial.text, partial.stable) for partial in heard] == [
        ("i want", 0),
        ("i want to", 2),
        ("i want to pay", 3),
        ("i want to pay my", 4),
    ]
    assert not any(partial.final or partial.calibrated for partial in heard)
    assert heard[1].words[1] == Word("want", 0.4, 0.8, pytest.approx(0.9))


def test_a_partial_is_read_every_so_often():
    desk = Desk(reading("yes"))
    partials(utterance(desk, partial_every_s=0.5), 2.05)
    assert len(desk.asked) == 4
    assert not any(urgent for _, urgent in desk.asked)


def test_a_partial_comes_only_when_it_changed():
    assert [partial.text for partial in partials(utterance(Desk(reading("yes"))), 5)] == ["yes", "yes"]


def test_settled_words_are_not_read_again():
    desk = Desk(reading("i want to"), reading("i want to pay"))
    stream = utterance(desk)
    partials(stream, 2.2)
    stream.finish()
    assert [window.prefix for window, _ in desk.asked] == [(), (), (1,), (1, 4, 2)]


def test_unless_nothing_binds():
    desk = Desk(reading("i want to"))
    stream = utterance(desk, bind=False)
    partials(stream, 2.2)
    final = stream.finish()
    assert {window.prefix for window, _ in desk.asked} == {()}
    assert final.stable == 3


def test_the_final_reading_is_urgent_and_given_more_silence():
    desk = Desk(reading("visa"))
    stream = utterance(desk)
    partials(stream, 1.0)
    final = stream.finish()
    assert final == Transcript("visa", final.words, True, pytest.approx(0.9), stable=1)
    assert [(window.mel.shape, urgent) for window, urgent in desk.asked] == [
        ((80, 500), False),
        ((80, 1000), True),
    ]
    assert desk.asked[-1][0].sound == 100


def test_the_dialogue_makes_the_prompt():
    desk = Desk(reading("visa"))
    stream = utterance(desk)
    stream.accept(sound(0.5))
    stream.finish()
    assert "".join(map(chr, desk.asked[0][0].prompt)).endswith(" visa, bank transfer,")
    assert len(desk.asked[0][0].prompt) == 40


@pytest.mark.parametrize("pcm", [np.zeros(0, np.int16), np.zeros(RATE, np.int16), sound(1) // 400])
def test_silence_is_not_even_read(pcm):
    desk = Desk(reading("thanks for watching"))
    stream = utterance(desk)
    assert stream.accept(pcm) is None
    assert stream.finish() == Transcript(final=True)
    assert desk.asked == []


def test_a_reading_of_nobody_is_dropped():
    desk = Desk(reading("thanks for watching", no_speech=0.9, log_probability=-1.4))
    stream = utterance(desk)
    assert partials(stream, 2) == []
    assert stream.finish() == Transcript(final=True)


def test_a_loop_is_read_again_in_full_and_unprompted():
    desk = Desk(reading("thank you " * 7), reading("pay my bill"))
    stream = utterance(desk, partial_every_s=9)
    stream.accept(sound(3))
    final = stream.finish()
    assert (final.text, final.confidence) == ("pay my bill", pytest.approx(0.9))
    again, urgent = desk.asked[1]
    assert (again.mel.shape, again.prompt, again.prefix, urgent) == ((80, 3000), (), (), True)


def test_what_the_prompt_says_is_read_again_without_it():
    desk = Desk(reading("visa bank transfer"))
    stream = utterance(desk)
    stream.accept(sound(0.5))
    final = stream.finish()
    assert (final.text, final.confidence) == ("visa bank transfer", pytest.approx(0.9))
    assert [len(window.prompt) for window, _ in desk.asked] == [40, 0]


def test_what_loops_even_so_is_cut_off_and_doubted():
    desk = Desk(reading("pay my bill " + "thank you " * 7))
    stream = utterance(desk, partial_every_s=99)
    stream.accept(sound(8))
    final = stream.finish()
    assert final.text == "pay my bill"
    assert all(word.confidence == 0.5 for word in final.words)


def test_a_looping_partial_is_no_partial():
    assert partials(utterance(Desk(reading("thank you " * 7))), 3) == []


def test_readings_are_limited_in_length():
    desk = Desk(reading("yes"))
    stream = utterance(desk, tokens_per_s=8)
    stream.accept(sound(2))
    stream.finish()
    assert desk.asked[-1][0].tokens == 22


def test_a_long_utterance_leaves_the_window_behind():
    desk = Desk(reading("one two three four five six seven eight"))
    stream = utterance(desk, cap_s=5, keep_s=4)
    heard = partials(stream, 6)
    assert heard[-1].text.startswith("one two three four five six seven eight ")
    assert max(window.sound for window, _ in desk.asked) <= 500
    final = stream.finish()
    assert final.words[8].start == pytest.approx(3.2)  # where the eighth word ended
    assert len(final.words) == 16
    times = [word.start for word in final.words]
    assert times == sorted(times)
    assert "".join(map(chr, desk.asked[-1][0].prompt)).endswith("six seven eight")


def test_a_long_noise_leaves_the_window_behind():
    stream = utterance(Desk(reading("")), cap_s=5, keep_s=2)
    for _ in range(12):
        stream.accept(sound(3))
    assert stream.finish() == Transcript(final=True)


def test_words_nobody_agreed_on_are_not_lost():
    desk = Desk(reading("one two three four"), reading("won to free for"), reading("and so on"))
    stream = utterance(desk, cap_s=5, keep_s=4, partial_every_s=99)
    partials(stream, 5)
    assert desk.asked == []
    partials(stream, 0.5)  # one reading at 5 s: its first two words end before the last 4 s
    assert [window.sound for window, _ in desk.asked] == [500]
    assert stream.finish().text == "one two won to free for"


def test_a_whole_turn_at_once_is_read_in_pieces():
    desk = Desk(reading("one two three four five six seven eight nine ten"))
    stream = utterance(desk, cap_s=5, keep_s=1)
    stream.accept(sound(12))
    final = stream.finish()
    assert max(window.sound for window, _ in desk.asked) <= 500
    assert len(desk.asked) >= 3
    assert final.text.startswith("one two three four five six seven eight nine ten one two")
    times = [word.start for word in final.words]
    assert times == sorted(times)


def test_times_are_those_of_the_utterance_however_it_comes():
    texts = set()
    for step in (0.02, 0.777, 40):
        stream = utterance(Desk(reading("one two three")), cap_s=10, keep_s=8)
        pcm = sound(40)
        for at in range(0, len(pcm), int(step * RATE)):
            stream.accept(pcm[at : at + int(step * RATE)])
        texts.add(stream.finish().text[:20])
    assert len(texts) == 1


def test_a_slow_partial_holds_nothing_up():
    desk = Desk(reading("yes please"), slow=True)
    stream = utterance(desk, lockstep=False)
    assert partials(stream, 3) == []
    assert len(desk.asked) == 1
    desk.answer(desk.tickets[0])
    (partial,) = partials(stream, 0.1)
    assert partial.text == "yes please"
    assert len(desk.asked) == 2


def test_the_end_withdraws_a_partial_that_waits():
    desk = Desk(reading("yes"), slow=True)
    stream = utterance(desk, lockstep=False)
    partials(stream, 1)
    desk.slow = False
    stream.finish()
    assert desk.withdrawn == desk.tickets[:1]


def test_late_is_an_error():
    desk = Desk(reading("yes"), slow=True)
    stream = utterance(desk)
    stream.accept(sound(0.3))
    with pytest.raises(EngineError) as failure:
        stream.finish()
    assert failure.value.code == "asr-timeout"
    assert desk.withdrawn == desk.tickets


def test_an_engines_failure_is_told():
    stream = utterance(Desk(EngineError("asr-failed"), reading("yes")))
    with pytest.raises(EngineError, match="asr-failed"):
        stream.accept(sound(1))
    assert stream.finish().text == "yes"


def test_confidences_are_calibrated():
    stream = utterance(Desk(reading("yes")), calibration=Calibration(1.0, -2.0, 1000))
    stream.accept(sound(0.5))
    final = stream.finish()
    assert final.calibrated
    assert final.words[0].confidence == final.confidence == pytest.approx(0.549, abs=0.001)


@pytest.mark.parametrize("end", ["finish", "drop", "forgotten"])
def test_lets_go_once(end):
    released = []
    stream = utterance(Desk(reading("yes")), release=lambda: released.append(1))
    stream.accept(sound(1))
    if end == "forgotten":
        del stream
    else:
        getattr(stream, end)()
        del stream
    assert released == [1]

from __future__ import annotations

import queue
import time
from itertools import count

import pytest

from models.llm_llama.scheduler import Caps, Priority
from models.llm_llama.talk import Asked, Over, Request, Said
from models.llm_llama.worker import Worker
from models.sharing.board import Board
from models.sharing.precedence import WAIT_S, Need
from voicecore.types import Message, ToolOffer, ToolRequest

CAPS = Caps(alone=64, urgent=32, beside=8, background_every=4)
SYSTEM = Message("system", "You are the agent of a clinic, and you are brief.")
TEXT = "We open at nine. We close at five. Is that"


class Desk:
    """A worker, and what it says."""

    def __init__(self, library, longest=1000, seat=None):
        self.library, self.worker = library, Worker(library, CAPS, longest, seat)
        self._ids = count(1)
        self._events = {}

    def ask(self, call, *said, **facts):
        """Start a request; its id. ``said``: caller and agent in turn."""
        roles = ("caller", "agent")
        talk = tuple(Message(roles[n % 2], text) for n, text in enumerate(said))
        request = Request(next(self._ids), call, (SYSTEM, *talk), **{"most": 100, **facts})
        self._events[request.id] = queue.SimpleQueue()
        self.worker.start(request, self._events[request.id].put)
        return request.id

    def read_ahead(self, call, *said):
        return self.ask(call, *said, most=0, priority=Priority.AHEAD)

    def next(self, request):
        return self._events[request].get(timeout=5)

    def result(self, request):
        """All that was said, and how it ended."""
        said = []
        while not isinstance(event := self.next(request), Over):
            said.append(event.text if isinstance(event, Said) else event.request)
        return said, event

    def silent(self, request):
        return self._events[request].empty()


@pytest.fixture
def desk():
    made = []

    def make(library, **facts):
        made.append(Desk(library, **facts))
        return made[-1]

    yield make
    for each in made:
        each.worker.close()
        assert each.library.closed


def test_a_reply_comes_sentence_by_sentence(fake, say, desk):
    one = desk(fake(script=say(TEXT)))
    said, over = one.result(one.ask("a", "when do you open"))
    assert said == ["We open at nine.", "We close at five.", "Is that."]
    assert (over.code, over.decoded) == ("", len(TEXT) + 1)


def test_half_a_sentence_is_not_said_when_there_is_a_whole_one(fake, say, desk):
    one = desk(fake(script=say(TEXT)))
    assert one.result(one.ask("a", "x", most=30))[0] == ["We open at nine."]
    assert one.result(one.ask("a", "x", most=10))[0] == ["We open at."]


def test_the_same_is_said_alone_and_in_a_batch(fake, desk):
    questions = [f"question number {n}" for n in range(8)]
    alone = []
    for question in questions:
        one = desk(fake())
        alone.append(one.result(one.ask("a", question))[0])
    together = desk(fake())
    requests = [together.ask(f"call {n}", question) for n, question in enumerate(questions)]
    assert [together.result(request)[0] for request in requests] == alone
    assert max(len(step) for step in together.library.steps) == 8


def test_the_system_prompt_is_read_once(fake, desk):
    one = desk(fake())
    first, later = one.ask("a", "hello there"), [one.ask(f"b{n}", "hello there") for n in range(4)]
    reads = [one.result(request)[1].read for request in (first, *later)]
    assert reads[0] > len(SYSTEM.text)
    assert all(read < 20 for read in reads[1:])


def test_what_was_read_ahead_is_not_read_again(fake, desk):
    one = desk(fake())
    reads = [one.result(one.read_ahead("a", words))[1].read for words in ("I want to", "I want to pay")]
    assert reads[1] == len(" pay")
    _, over = one.result(one.ask("a", "I want to pay my bill"))
    assert over.read == len(" my bill") + 2  # the end mark and the assistant's


@pytest.mark.parametrize(
    "talk",
    [
        ("I want to pay a bill",),
        ("I want",),
        ("no",),
        ("I want to pay my bill", "We open", "sorry, what?"),
    ],
)
def test_rolling_back_leaves_no_trace(fake, desk, talk):
    """A transcript that changed, a turn that was reopened, a reply of which two words were heard."""
    used, fresh = desk(fake()), desk(fake())
    used.result(used.read_ahead("a", "I want to pay my bill"))
    used.result(used.ask("a", "I want to pay my bill"))
    expected = fresh.result(fresh.ask("a", *talk))
    got = used.result(used.ask("a", *talk))
    assert got[0] == expected[0]
    assert got[1].read < expected[1].read


def test_a_cancelled_reply_is_gone_after_the_step(fake, desk):
    library = fake()
    one = desk(library)
    stays, goes = one.ask("stays", "x"), one.ask("goes", "y")
    one.next(stays)
    one.worker.cancel(goes)
    before = one.worker.steps
    one.result(stays)
    sequences = [{piece.sequence for piece in step} for step in library.steps]
    assert all(len(each) == 1 for each in sequences[before + 1 :])


def test_a_step_for_nobody_is_given_up_in_the_middle(fake, desk):
    library = fake()
    one = desk(library)
    library.gate.acquire(blocking=False)
    library.gate._value = 0
    request = one.ask("a", "x")
    assert library.begun.wait(5)
    one.worker.cancel(request)
    library.gate._value = 10**9
    said, over = one.result(one.ask("a", "x"))
    assert said
    assert over.code == ""
    assert one.silent(request)


def test_cancelling_what_is_over_changes_nothing(fake, desk):
    one = desk(fake())
    request = one.ask("a", "x")
    said, _ = one.result(request)
    one.worker.cancel(request)
    assert one.result(one.ask("a", "x"))[0] == said


def test_a_new_request_of_a_call_takes_the_place_of_the_old(fake, say, desk):
    one = desk(fake(script=say("word " * 1000)))
    old = one.ask("a", "x", most=5000)
    new = one.ask("a", "y", most=5)
    assert one.result(old)[1].code == "llm-superseded"
    assert one.result(new)[1].code == ""


def test_reading_ahead_does_not_disturb_a_reply(fake, say, desk):
    one = desk(fake(script=say("word " * 20)))
    reply, ahead = one.ask("a", "x"), one.read_ahead("a", "and also")
    assert one.result(ahead)[1].code == "llm-superseded"
    assert one.result(reply)[1].code == ""


def test_a_caller_who_waits_goes_before_a_summary(fake, desk):
    one = desk(fake())
    summary = one.ask("a", "sum up " * 100, priority=Priority.BACKGROUND)
    waits = one.ask("b", "hello")
    summary_over, waits_over = one.result(summary)[1], one.result(waits)[1]
    assert waits_over.step < summary_over.step


@pytest.mark.parametrize(("call", "code"), [("a", "llm-forgotten"), ("b", "")])
def test_forgetting_a_call(fake, say, desk, call, code):
    one = desk(fake(script=say("word " * 18)))
    request = one.ask("a", "x")
    one.worker.forget(call)
    assert one.result(request)[1].code == code


def test_forgetting_frees_memory(fake, desk):
    one = desk(fake())
    for n in range(3):
        one.result(one.ask(f"call {n}", "x"))
        one.worker.forget(f"call {n}")
    one.result(one.ask("last", "x"))
    one.worker.forget("last")
    one.worker.close()
    assert one.library.used <= len(f"<system>{SYSTEM.text}")


def test_a_long_talk_is_shortened_and_goes_on(fake, desk):
    one, talk = desk(fake(cells=1000), longest=400), []
    for n in range(30):
        talk.append(f"question number {n}")
        said, over = one.result(one.ask("a", *talk))
        assert said
        assert over.code == ""
        assert over.read < 250
        talk.append(" ".join(said))


def test_more_work_than_memory(fake, desk):
    one = desk(fake(cells=400))
    requests = [one.ask(f"call {n}", "word " * 20) for n in range(6)]
    codes = [one.result(request)[1].code for request in requests]
    assert set(codes) == {"", "llm-full"}
    assert one.result(one.ask("later", "word"))[1].code == ""


def test_memory_that_is_smaller_than_it_said(fake, desk):
    class Small(fake):
        def decode(self, pieces):
            self.cells = 150
            try:
                return super().decode(pieces)
            finally:
                self.cells = 4096

    one = desk(Small())
    assert one.result(one.ask("a", "word " * 30))[1].code == "llm-full"
    assert one.result(one.ask("b", "word"))[1].code == ""


def test_a_library_that_fails_fails_its_step_only(fake, desk):
    class Faulty(fake):
        def decode(self, pieces):
            if len(self.steps) == 3:
                self.steps.append([])
                raise ValueError("what")
            return super().decode(pieces)

    one = desk(Faulty())
    assert one.result(one.ask("a", "x"))[1].code == "llm-failed"
    assert one.result(one.ask("a", "x"))[1].code == ""


OFFER = ToolOffer("book", "Books.", {"type": "object", "properties": {}})


@pytest.mark.parametrize("facts", [{"insist": True}, {}])
def test_a_request_for_a_tool(fake, say, desk, facts):
    one = desk(fake(script=say(' {"x')))
    request = one.ask("a", "book it", tools=(OFFER,), **facts)
    assert one.next(request) == Asked(request, ToolRequest("book", {}))
    assert one.next(request).code == ""


def test_speech_where_tools_are_on_offer(fake, say, desk):
    one = desk(fake(script=say("No {brackets} here.")))
    assert one.result(one.ask("a", "x", tools=(OFFER,)))[0] == ["No {brackets} here."]


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"insist": True}, "llm-no-tools"),
        ({"tools": (ToolOffer("x", "", {"type": "string"}),)}, "bad-schema"),
    ],
)
def test_senseless_requests(fake, desk, facts, code):
    one = desk(fake())
    assert one.result(one.ask("a", "x", **facts))[1].code == code


def test_a_prompt_that_is_too_long(fake, desk):
    one = desk(fake(), longest=100)
    assert one.result(one.ask("a", "x" * 500))[1].code == "llm-prompt-too-long"


def test_closing_ends_what_is_under_way(fake, say, desk):
    one = desk(fake(script=say("word " * 10_000), cells=100_000))
    request = one.ask("a", "x", most=50_000)
    while not one.worker.steps:
        pass
    one.worker.close()
    assert one.result(request)[1].code == "llm-closed"


def test_after_closing_nothing_hangs(fake, desk):
    one = desk(fake())
    one.worker.close()
    assert one.result(one.ask("a", "x"))[1].code == "llm-closed"


def test_what_cannot_even_be_begun_is_told(fake, desk):
    one = desk(fake())
    strange = ToolOffer("x", "", {"type": "object", "properties": {1: object()}})
    assert one.result(one.ask("a", "x", tools=(strange,)))[1].code == "llm-failed"
    assert one.result(one.ask("a", "x"))[1].code == ""


def test_every_step_is_recorded(fake, desk):
    one = desk(fake())
    _, over = one.result(one.ask("a", "x"))
    one.worker.close()
    records = list(one.worker.records)
    assert sum(record.read for record in records) == over.read
    assert sum(record.decoded for record in records) == over.decoded
    assert all(0 <= record.model_s <= record.whole_s for record in records)


def test_a_caller_who_waits_for_a_first_sentence_is_announced(fake, say, desk):
    board = Board()
    library = fake(script=say(TEXT))
    announced = []
    decode = library.decode
    library.decode = lambda pieces: announced.append(bool(board.notices())) or decode(pieces)
    one = desk(library, seat=board.join())
    one.result(one.ask("a", "when do you open"))
    first = len("We open at nine. ")
    assert announced[0]
    assert all(announced[: first - 1])
    assert not any(announced[first + 2 :])
    one.result(one.ask("b", "sum up", priority=Priority.BACKGROUND))
    assert not any(announced[-len(TEXT) :])
    assert board.notices() == []


def test_what_no_caller_waits_for_gives_way_until_an_order_comes(fake, say, desk):
    board = Board()
    seat, other = board.join(), board.join()
    one = desk(fake(script=say("No.")), seat=seat)
    with other.urgent():
        begun = time.monotonic()
        one.result(one.ask("a", "sum up", most=1, priority=Priority.BACKGROUND))
        assert time.monotonic() - begun >= WAIT_S[Need.IDLE]
        slow = one.ask("a", "sum up more", most=1, priority=Priority.BACKGROUND)
        assert one.result(one.ask("b", "when do you open"))[0] == ["No."]
    one.result(slow)

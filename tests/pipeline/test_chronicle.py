"""What is told of a call's turns, and told anew when more of the call makes them private."""

from __future__ import annotations

from typing import Any

from tests.pipeline.fakes import Shelf
from voicecore.pipeline.chronicle import Chronicle
from voicecore.pipeline.feed import Feed
from voicecore.pipeline.mouth import Delivery, Speech
from voicecore.pipeline.privacy import Redaction
from voicecore.pipeline.trust import Trust
from voicecore.pipeline.work import InlineLane
from voicecore.redaction import Rules
from voicecore.types import CallInfo, Transcript, Word

INFO = CallInfo("call-1", "in", "sip:caller@test", "sip:agent@test")


class Book:
    """``ports.Audit`` in a list."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, dict[str, Any]]] = []

    def note(self, call_id: str, kind: str, at: float, data: Any) -> None:
        self.kept.append((kind, dict(data)))

    def keep(self, call_id: str, kind: str, at: float, data: Any) -> Any:
        raise AssertionError("nothing here has an effect")


def spoken(text: str, at: float) -> Transcript:
    words = tuple(Word(w, at + 0.1 * n, at + 0.1 * n + 0.1) for n, w in enumerate(text.split()))
    return Transcript(text, words, final=True)


async def test_a_number_in_two_turns_rewrites_what_was_told_and_kept_of_the_first() -> None:
    muted: list[tuple[float, float, tuple[int, ...]]] = []
    shelf, book, events = Shelf(), Book(), []
    feed = Feed()
    feed.publish = lambda kind, call, t, **data: events.append((kind, data))  # type: ignore[method-assign]
    privacy = Redaction(Rules(), lambda *span: muted.append(span))
    trust = Trust("call-1", privacy=privacy, audit=book)
    told = Chronicle(INFO, feed, shelf, InlineLane(), trust)
    told.begin_turn("speech", 1.0)
    told.said(spoken("four one one one", 1.0), "", "", 2.0)
    assert (
        "caller.said",
        {"turn": 1, "text": "four one one one", "confidence": 1.0, "by": "speech"},
    ) in events
    told.queued(Speech("s1", "Go on."), 2.1)
    told.delivered(Delivery("s1", "Go on.", "Go on.", complete=True), 2.5)
    told.begin_turn("speech", 3.0)
    told.said(spoken("one one one one one one one one one one one one", 3.0), "", "", 5.0)
    told.close_turn(6.0)
    latest = {turn.index: turn for turn in shelf.turns}
    assert [latest[n].caller_text for n in (1, 2)] == ["[CARD_1]", "[CARD_1]"]
    assert [word.text for word in latest[1].caller_words] == ["[CARD_1]"]
    assert latest[1].agent_text == latest[1].heard_text == "Go on."
    assert [kind for kind, _ in events].count("turn.revised") == 1
    assert ("turn.revised", {"turn": 1, "text": "[CARD_1]", "said": "Go on.", "heard": "Go on."}) in book.kept
    assert min(start for start, _, _ in muted) <= 1.0
    assert max(end for _, end, _ in muted) >= 4.2
    assert {channels for _, _, channels in muted} == {(0,)}

"""The turns of one call as they may be kept: each is written anew when more of the call makes it private."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from voicecore.pipeline.mouth import Delivery, Speech
from voicecore.pipeline.privacy import Privacy, timed_words
from voicecore.types import Transcript, TurnTrace


@dataclass(slots=True)
class Page:
    """A turn's trace, and the passages that its texts are made of."""

    trace: TurnTrace
    caller: int | None = None
    agent: list[int] = field(default_factory=list)
    heard: list[tuple[int, int, int]] = field(default_factory=list)
    """Passages of the agent's, and which of their characters were heard."""
    kept: bool = False


class Pages:
    """All turns of a call. ``on_revised`` gets a turn that was told of before and reads differently now."""

    def __init__(self, privacy: Privacy, on_revised: Callable[[Page], None]) -> None:
        self._privacy = privacy
        self._on_revised = on_revised
        self._pages: dict[int, Page] = {}
        self._spoken: dict[str, int] = {}
        """Utterances by their passages ..."""
        self._begun: dict[str, tuple[Speech, float]] = {}
        """... and since when they are heard."""

    def of(self, trace: TurnTrace) -> Page:
        """The page of a turn."""
        return self._pages.setdefault(trace.index, Page(trace))

    def said(self, trace: TurnTrace, reading: Transcript, slot: str, until: float) -> None:
        """The caller's part of a turn."""
        page = self.of(trace)
        since = trace.times.get("speech_start", until)
        page.caller, *others = self._privacy.heard(trace.index, reading, slot, (since, until))
        self._write(page, others)

    def queued(self, trace: TurnTrace, speech: Speech) -> None:
        """An utterance of the agent's reply."""
        page = self.of(trace)
        number, *others = self._privacy.spoken(speech.text)
        self._spoken[speech.id] = number
        page.agent.append(number)
        self._write(page, others)

    def begun(self, speech: Speech, now: float) -> str:
        """Its first sample was played at ``now``; its text as it may be shown."""
        self._begun[speech.id] = (speech, now)
        number = self._spoken.get(speech.id)
        return speech.text if number is None else self._privacy.text(number)

    def delivered(self, trace: TurnTrace, delivery: Delivery, now: float) -> str:
        """So much of it was heard; that as it may be shown."""
        number = self._spoken.get(delivery.id)
        if number is None:
            return delivery.heard
        page = self.of(trace)
        page.heard.append((number, delivery.known, len(delivery.heard)))
        if delivery.id in self._begun:
            self._privacy.played(number, timed_words(*self._begun.pop(delivery.id), now))
        self._write(page, [])
        return self._privacy.text(number, 0, len(delivery.heard))

    def _write(self, page: Page, others: list[int]) -> None:
        """Bring a page up to date, and those of other passages that changed."""
        self._refresh(page)
        for other in self._pages.values():
            if other is not page and not {other.caller, *other.agent}.isdisjoint(others):
                self._refresh(other)
                self._on_revised(other)

    def _refresh(self, page: Page) -> None:
        privacy, trace = self._privacy, page.trace
        if page.caller is not None:
            trace.caller_text, trace.caller_words = privacy.text(page.caller), privacy.words(page.caller)
        trace.agent_text = " ".join(privacy.text(number) for number in page.agent).strip()
        heard = (privacy.text(*stretch).strip() for stretch in page.heard)
        trace.heard_text = " ".join(text for text in heard if text)

"""What of one call may be kept, shown and worded: the same passages with and without private data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from voicecore.pipeline.mouth import Speech
from voicecore.redaction import Redacted, Redactor, Rules
from voicecore.redaction.line import read
from voicecore.redaction.runs import find_runs
from voicecore.redaction.scrub import Scrubber
from voicecore.redaction.silence import PAD_S
from voicecore.types import RATE, Transcript, Word

Silence = Callable[[float, float, tuple[int, ...]], None]
"""Have nothing in the recording from and to a second of the call, in channels (0 caller, 1 agent)."""
CALLER, AGENT = (0,), (1,)
HELD_BACK = 8
"""Words at the end of what is still being said that nobody gets to see: they may become private."""
_KEY_S = (0.5, 0.3)
"""A key that is reported now may be audible so long before and after."""
HIDDEN = "…"
Timed = tuple[int, int, float, float]
"""Characters of a text, from and to, and when they were to be heard (seconds)."""


@dataclass(slots=True)
class Passage:
    """What one side said in one go."""

    who: str
    text: str = field(repr=False)
    """As it was said."""
    words: tuple[Word, ...] = field(default=(), repr=False)
    span: tuple[float, float] = (0.0, 0.0)
    """When, of the caller's."""
    timed: tuple[Timed, ...] = field(default=(), repr=False)
    """When, of the agent's."""


class Privacy:
    """A call in which nothing is private: every passage reads as it was said."""

    def __init__(self) -> None:
        self.passages: list[Passage] = []

    def heard(self, turn: int, reading: Transcript, slot: str, span: tuple[float, float]) -> tuple[int, ...]:
        """The caller's ``turn``, which may replace what it was before; ``slot``: what is asked for, if any.

        The number of its passage, then those of earlier ones that read differently now.
        """
        del turn, slot
        self.passages.append(Passage("caller", reading.text, reading.words, span))
        return (len(self.passages) - 1,)

    def spoken(self, text: str) -> tuple[int, ...]:
        """What the agent is about to be heard saying; as ``heard``."""
        self.passages.append(Passage("agent", text))
        return (len(self.passages) - 1,)

    def played(self, number: int, timed: Sequence[Timed]) -> None:
        """When a passage of the agent's was heard."""
        self.passages[number].timed = tuple(timed)

    def pressed(self, now: float) -> None:
        """A key was pressed."""

    def keyed(self, digits: str, slot: str) -> str:
        """What stands for an answer from the keypad."""
        del slot
        return digits

    def text(self, number: int, start: int = 0, end: int | None = None) -> str:
        """A passage's characters from ``start`` to ``end``, as they may be kept."""
        return self.passages[number].text[start:end]

    def words(self, number: int) -> tuple[Word, ...]:
        """The caller's words of a passage, likewise."""
        return self.passages[number].words

    def so_far(self, text: str) -> str:
        """What may be seen of a turn that goes on."""
        return text

    def shown(self, who: str, text: str, slot: str = "") -> str:
        """What a language model may read of something said, or perhaps said."""
        del who, slot
        return text

    def data(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments or results of tools, as they may be kept."""
        return dict(values)

    def reveal(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments as tools get them: what stands for private data is that again."""
        return dict(values)


class Redaction(Privacy):
    """A call whose private data is nowhere but in its tools, and here, as long as it lasts."""

    def __init__(self, rules: Rules, silence: Silence) -> None:
        super().__init__()
        self._rules = rules
        self._silence = silence
        self._redactor = Redactor(rules)
        self._before = self._redactor
        """As it was before the caller's latest turn."""
        self._turn = -1

    def heard(self, turn: int, reading: Transcript, slot: str, span: tuple[float, float]) -> tuple[int, ...]:
        if turn == self._turn:
            self._redactor = self._before.fork()
            del self.passages[-1]
        else:
            self._before = self._redactor.fork()
            self._turn = turn
        super().heard(turn, reading, slot, span)
        return self._changed(self._redactor.heard(reading.text, reading.words, self._entity(slot)))

    def spoken(self, text: str) -> tuple[int, ...]:
        self._turn = -1
        super().spoken(text)
        return self._changed(self._redactor.spoken(text))

    def played(self, number: int, timed: Sequence[Timed]) -> None:
        super().played(number, timed)
        self._mute(number)

    def pressed(self, now: float) -> None:
        self._silence(max(0.0, now - _KEY_S[0]), now + _KEY_S[1], CALLER)

    def keyed(self, digits: str, slot: str) -> str:
        return self._redactor.keyed(digits, self._entity(slot) or "number")

    def text(self, number: int, start: int = 0, end: int | None = None) -> str:
        real = self.passages[number].text
        stop = len(real) if end is None else end
        out, at = "", start
        for finding in self._redactor.turn(number).findings:
            if finding.end > at and finding.start < stop:
                told = finding.start < start
                out += real[at : max(at, finding.start)] + ("" if told else finding.token)
                at = finding.end
        return out + real[at:stop]

    def words(self, number: int) -> tuple[Word, ...]:
        findings = self._redactor.turn(number).findings
        if any(finding.t1 <= finding.t0 for finding in findings):
            return ()
        kept = list(self.passages[number].words)
        for finding in findings:
            outside = [w for w in kept if not finding.t0 <= (w.start + w.end) / 2 <= finding.t1]
            kept = [*outside, Word(finding.token, finding.t0, finding.t1, finding.score)]
        return tuple(sorted(kept, key=lambda word: word.start))

    def so_far(self, text: str) -> str:
        """Its first words, up to any that may be, or become, private."""
        first = " ".join(text.split()[:-HELD_BACK])
        line = read(first)
        runs = find_runs(line.words, self._rules.cues.words)
        starts = [line.spans[run.start][0] for run in runs]
        starts += [finding.start for finding in Redactor(self._rules).heard(first).findings]
        return f"{first[: min(starts, default=len(first))].strip()} {HIDDEN}".strip() if text else ""

    def shown(self, who: str, text: str, slot: str = "") -> str:
        for number in range(len(self.passages) - 1, -1, -1):
            passage = self.passages[number]
            if passage.who == who and passage.text.startswith(text):
                return self.text(number, 0, len(text)).strip()
        later = self._redactor.fork()
        found = later.heard(text, (), self._entity(slot)) if who == "caller" else later.spoken(text)
        return found.text

    def data(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self._kept(name, value) for name, value in values.items()}

    def reveal(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return dict(self._redactor.secrets.reveal(values))

    def _entity(self, slot: str) -> str | None:
        return self._rules.settings.fields.get(slot)

    def _kept(self, name: str, value: Any) -> Any:
        entity = self._entity(name)
        match value:
            case Mapping():
                return self.data(value)
            case list() | tuple():
                return [self._kept(name, one) for one in value]
            case date():
                return value if entity is None else self._redactor.learned(entity, value.isoformat())
            case str() if entity is None:
                return self._scrubbed(value)
            case None | bool():
                return value
            case _ if entity is not None:
                return self._redactor.learned(entity, str(value))
        return value

    def _scrubbed(self, text: str) -> str:
        """Dates and plain identifiers stay: no finder's cues are in them."""
        known = self._redactor.secrets.holding(text) if len(text) >= 4 and text.isdigit() else None
        return known or Scrubber(self._rules).text(text)

    def _changed(self, redacted: Redacted) -> tuple[int, ...]:
        numbers = (redacted.turn, *(earlier.turn for earlier in redacted.revised))
        for number in numbers:
            self._mute(number)
        return numbers

    def _mute(self, number: int) -> None:
        """Have what is private in a passage nowhere in the recording."""
        passage = self.passages[number]
        for finding in self._redactor.turn(number).findings:
            if passage.who == "agent":
                parts = [t for t in passage.timed if t[0] < finding.end and finding.start < t[1]]
                for _, _, start, end in parts:
                    self._silence(max(0.0, start - PAD_S), end + PAD_S, AGENT)
            else:
                timed = finding.t1 > finding.t0
                start, end = (finding.t0, finding.t1) if timed else passage.span
                self._silence(max(0.0, start - PAD_S), end + PAD_S, CALLER)


def timed_words(speech: Speech, begun: float, until: float) -> list[Timed]:
    """When each word of an utterance was heard that began at ``begun`` and was over, or cut, at ``until``."""
    starts = [mark.sample for mark in speech.marks]
    ends = [*starts[1:], speech.samples]
    found = []
    for mark, end in zip(speech.marks, ends, strict=True):
        start_s, end_s = begun + mark.sample / RATE, min(begun + end / RATE, until)
        if end_s > start_s:
            found.append((*mark.chars, start_s, end_s))
    return found

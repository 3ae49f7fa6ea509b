"""Takes private data out of a call, turn by turn, on both sides, and keeps the values behind tokens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from voicecore.redaction.cues import WEAK, Cue, Cues, Spotted
from voicecore.redaction.dates import find_dates
from voicecore.redaction.entities import Entity, Finding, Hit, Redacted, Who
from voicecore.redaction.internet import find_internet
from voicecore.redaction.kinds import Judge
from voicecore.redaction.line import Line, fluent, read
from voicecore.redaction.names import find_names
from voicecore.redaction.places import find_places
from voicecore.redaction.runs import Run, find_runs
from voicecore.redaction.secrets import Secrets
from voicecore.redaction.settings import RedactionSettings
from voicecore.redaction.tracker import Heard, Mark, Tracker
from voicecore.types import Word

_OVER_NUMBERS = frozenset({Entity.EMAIL, Entity.URL, Entity.ADDRESS, Entity.BIRTH_DATE, Entity.EXPIRY})
"""Finders of these know better what the digits in them are."""


class Rules:
    """What one bundle counts as private; made once, shared by all its calls."""

    def __init__(self, settings: RedactionSettings | None = None) -> None:
        self.settings = settings or RedactionSettings()
        patterns = self.settings.patterns
        self.cues = Cues([(Cue(p.name, 6, 24, 2), p.cues) for p in patterns])
        self.judge = Judge(patterns, self.settings.region)
        self.wanted = frozenset([*self.settings.entities, *(p.name for p in patterns)])


@dataclass(slots=True)
class _Turn:
    """A turn with its real text; ``findings`` by the word they begin at."""

    who: Who
    line: Line
    findings: dict[int, Finding] = field(default_factory=dict)


class Redactor:
    """One call. Text goes in as it was heard or is to be said, and comes out with tokens."""

    def __init__(self, rules: Rules | None = None) -> None:
        self._rules = rules or Rules()
        self.secrets = Secrets()
        self._tracker = Tracker(self._rules.judge, self.secrets, self._rules.settings.threshold)
        self._turns: list[_Turn] = []
        self._names: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"<Redactor: {len(self._turns)} turns>"

    def fork(self) -> Redactor:
        """The same for now: what would be found in a turn that may yet be taken back."""
        other = Redactor(self._rules)
        other.secrets = self.secrets.copy()
        other._tracker = self._tracker.fork(other.secrets)
        other._turns = [replace(turn, findings=dict(turn.findings)) for turn in self._turns]
        other._names = dict(self._names)
        return other

    def learned(self, entity: str, value: str) -> str:
        """The token of a value that came from a tool; said by anybody from now on, it is private too."""
        return self._token(Hit(entity, 1.0, 0, 0, value.lower()))

    def heard(self, text: str, words: Sequence[Word] = (), expecting: str | None = None) -> Redacted:
        """A turn of the caller. ``words`` bring the times; ``expecting`` is the entity that the dialogue asks
        for, where it knows better than the agent's words tell."""
        if expecting is not None:
            self._tracker.expect(self._rules.cues.asking(expecting))
        return self._take("caller", text, words)

    def spoken(self, text: str, words: Sequence[Word] = ()) -> Redacted:
        """A turn of the agent: what it repeats is private too, and what it asks for tells what comes next."""
        return self._take("agent", text, words)

    def keyed(self, digits: str, entity: str = Entity.NUMBER) -> str:
        """The token of keys that were pressed; the digits themselves go no further."""
        return self.secrets.conceal(entity, digits)

    def turn(self, number: int) -> Redacted:
        """A turn as it reads by now. Raises IndexError."""
        turn = self._turns[number]
        found = tuple(sorted(turn.findings.values(), key=lambda finding: finding.start))
        text, at = "", 0
        for finding in found:
            text += turn.line.text[at : finding.start] + finding.token
            at = finding.end
        return Redacted(number, turn.who, text + turn.line.text[at:], found)

    def _take(self, who: Who, text: str, timed: Sequence[Word]) -> Redacted:
        line, number = read(text, timed), len(self._turns)
        self._turns.append(_Turn(who, line))
        spotted = fluent(line.words, self._rules.cues.spot)
        barred = frozenset(at for cue in spotted for at in range(cue.start, cue.end))
        runs = find_runs(line.words, self._rules.cues.words, barred)
        hits = self._others(who, line, spotted, runs)
        strong = [hit for hit in hits if hit.entity in _OVER_NUMBERS]
        free = [run for run in runs if not any(_meet(run.start, run.end, hit) for hit in strong)]
        marks = self._tracker.follow(Heard(number, who, line.words, free, spotted))
        changed = {mark.turn for mark in marks if self._put(mark)}
        own = [mark for mark in marks if mark.turn == number]
        for hit in hits:
            if not any(_meet(mark.start, mark.end, hit) for mark in own):
                self._put(Mark(number, hit.start, hit.end, hit.entity, hit.score, self._token(hit)))
        revised = tuple(self.turn(earlier) for earlier in sorted(changed - {number}))
        return replace(self.turn(number), revised=revised)

    def _others(self, who: Who, line: Line, spotted: Sequence[Spotted], runs: Sequence[Run]) -> list[Hit]:
        """What is no plain number, the likelier of two that overlap."""
        asked = self._tracker.asked if who == "caller" else ""
        about = {cue.cue.entity for cue in spotted} | {asked}
        words, expiry = line.words, self._expiring(asked, spotted)
        hits = [
            *fluent(words, partial(find_internet, public=self._rules.settings.public)),
            *fluent(words, partial(self._places, runs=runs, whole=len(words), asked=asked)),
            *fluent(words, partial(find_dates, birth=Entity.BIRTH_DATE in about, expiry=expiry)),
            *find_names(words, asked == Entity.NAME, frozenset(self._names)),
        ]
        return _apart(
            h for h in hits if h.entity in self._rules.wanted and h.score >= self._rules.settings.threshold
        )

    def _places(self, words: Sequence[str], runs: Sequence[Run], whole: int, asked: str) -> list[Hit]:
        """Addresses in words of which there were ``whole`` before hesitations were left out."""
        runs = runs if len(words) == whole else find_runs(words)
        return find_places(words, runs, asked == Entity.ADDRESS)

    def _expiring(self, asked: str, spotted: Sequence[Spotted]) -> bool:
        """Whether a date is a card's: nothing else expires once a card is spoken of."""
        cues = [cue.cue for cue in spotted]
        carded = self.secrets.holding("", Entity.CARD) or any(cue.entity == Entity.CARD for cue in cues)
        sure = any(cue.entity == Entity.EXPIRY and (carded or cue.asked < WEAK) for cue in cues)
        return sure or asked == Entity.EXPIRY

    def _token(self, hit: Hit) -> str:
        if hit.entity != Entity.NAME:
            return self.secrets.conceal(hit.entity, hit.value)
        parts = hit.value.split()
        token = next((self._names[part] for part in parts if part in self._names), None)
        token = token or self.secrets.conceal(hit.entity, hit.value)
        if len(hit.value) > 1:
            self._names |= {part: token for part in parts if len(part) > 2 and part not in self._names}
        return token

    def _put(self, mark: Mark) -> bool:
        """Take a mark into its turn; whether that turn now reads differently."""
        if mark.entity not in self._rules.wanted:
            return False
        turn = self._turns[mark.turn]
        start, end = turn.line.span(mark.start, mark.end)
        t0, t1 = turn.line.time(mark.start, mark.end)
        finding = Finding(mark.entity, mark.score, start, end, t0, t1, mark.token)
        if turn.findings.get(mark.start) == finding:
            return False
        beaten = [key for key, old in turn.findings.items() if old.start < end and start < old.end]
        for key in beaten:
            del turn.findings[key]
        turn.findings[mark.start] = finding
        return True


def _meet(start: int, end: int, hit: Hit) -> bool:
    return hit.start < end and start < hit.end


def _apart(hits: Iterable[Hit]) -> list[Hit]:
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda h: (-h.score, h.start - h.end)):
        if not any(_meet(hit.start, hit.end, other) for other in kept):
            kept.append(hit)
    return kept

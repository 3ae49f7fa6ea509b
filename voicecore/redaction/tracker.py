"""Follows numbers over turns: parts of one, agent's repetitions between them, and what was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from voicecore.redaction.cues import WEAK, Cue, Spotted, tail_asked
from voicecore.redaction.entities import Entity, Who
from voicecore.redaction.kinds import Judge, Kind, Said
from voicecore.redaction.runs import HEADS, Run, bridge
from voicecore.redaction.secrets import Secrets
from voicecore.spoken.words import listed

_REACH_BEFORE, _REACH_AFTER = 9, 4
"""Words between a cue and its number."""
_GOES_ON = frozenset(
    listed(
        "go ahead continue next rest okay ok digits remaining got yes yeah right mm hm uh huh listening so"
        " far sorry thanks perfect great sure carry ready then take time problem alright and mhm moment "
        "second wait slow system worries hear broke"
    )
)
_TELLING = 4
"""So many digits of a known value are no coincidence."""
_ASKING = frozenset(listed("how what when which where who why would could can do did"))
"""These begin a question, which is another one unless it has one of these in it."""
_SAME = frozenset(listed("next rest remaining digits again repeat last more number missing"))
_SHORT = 4
"""An agent's turn of so few words leaves a number open."""
_LEAD = 6
"""Words before the next part of a number of which it is known what it is."""
_PATIENCE = 3
"""Caller's turns without a digit after which a number or question is over."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Words of a turn that belong to a private number."""

    turn: int
    start: int
    end: int
    entity: str
    score: float
    token: str


@dataclass(slots=True)
class _Part:
    turn: int
    run: Run
    fresh: bool
    """Said after a correction: it takes something back."""


@dataclass(slots=True)
class _Open:
    """A number of which more may come."""

    parts: list[_Part]
    echoes: list[_Part] = field(default_factory=list)
    cue: Cue | None = None
    token: str | None = None
    kind: Kind | None = None
    quiet: int = 0

    @property
    def chars(self) -> str:
        return "".join(part.run.chars for part in self.parts)


@dataclass(frozen=True, slots=True)
class Heard:
    """A turn with what has been found out about it so far."""

    turn: int
    who: Who
    words: Sequence[str]
    runs: Sequence[Run]
    cues: Sequence[Spotted]


class Tracker:
    """One call's numbers."""

    def __init__(self, judge: Judge, secrets: Secrets, threshold: float) -> None:
        self._judge, self._secrets, self._threshold = judge, secrets, threshold
        self._open: _Open | None = None
        self._asked: Cue | None = None
        self._tail = False
        self._quiet = 0

    def fork(self, secrets: Secrets) -> Tracker:
        """The same for now, with ``secrets`` of its own."""
        other = Tracker(self._judge, secrets, self._threshold)
        number = self._open
        if number is not None:
            other._open = replace(number, parts=list(number.parts), echoes=list(number.echoes))
        other._asked, other._tail, other._quiet = self._asked, self._tail, self._quiet
        return other

    @property
    def asked(self) -> str:
        """The entity that the agent asked for, or that the caller announced; "" for none."""
        return self._asked.entity if self._asked else ""

    def expect(self, cue: Cue | None) -> None:
        """The dialogue itself says what it waits for."""
        if cue is not None:
            self._asked = cue
            self._close_other(cue.entity)

    def _close_other(self, entity: str) -> None:
        """A number that is not of the entity now asked for has ended."""
        number = self._open
        known = number and (number.kind.entity if number.kind else number.cue.entity if number.cue else "")
        if known and known not in (entity, Entity.NUMBER):
            self._open = None

    def follow(self, heard: Heard) -> list[Mark]:
        """The marks that a turn brings, in it and in earlier ones."""
        if heard.who == "agent":
            return self._agent(heard)
        marks: list[Mark] = []
        tail = self._tail or tail_asked(heard.words)
        last: _Open | None = None
        for nth, run in enumerate(heard.runs):
            last = self._caller(heard, nth, run, tail, last)
            marks += self._marks(last) if last.token else self._echo(heard, run)
        self._after(heard, last)
        return marks

    def _caller(self, heard: Heard, nth: int, run: Run, tail: bool, before: _Open | None) -> _Open:
        own = self._own_cues(heard, nth, run)
        head = nth == 0 and bridge(heard.words, 0, HEADS) >= run.start - 1
        near = nth == 0 and run.start <= _LEAD and self._open is not None and self._open.cue is not None
        if self._open and (head or near) and self._joins(self._open, run, own):
            joined = self._open
            joined.parts.append(_Part(heard.turn, run, _takes_back(heard.words[: run.start])))
            if self._settle(joined, own, True, tail):
                return joined
            joined.parts.pop()
        if before and _adjoins(heard, before, run):
            before.parts.append(_Part(heard.turn, run, False))
            if self._settle(before, own, True, tail):
                return before
            before.parts.pop()
        number = _Open([_Part(heard.turn, run, False)])
        self._settle(number, own, head, tail)
        return number

    def _own_cues(self, heard: Heard, nth: int, run: Run) -> list[Cue]:
        """The cues beside a run in its own turn, those before it first."""
        since = max((r.end for r in heard.runs[:nth] if len(r.chars) > 1), default=0)
        until = min((r.start for r in heard.runs[nth + 1 :] if len(r.chars) > 1), default=len(heard.words))
        before = [c for c in heard.cues if max(since, run.start - _REACH_BEFORE) <= c.end <= run.start]
        after = [c for c in heard.cues if run.end <= c.start <= min(until, run.end + _REACH_AFTER)]
        before = sorted(before, key=lambda c: (c.cue.asked >= WEAK, -c.end))
        return [c.cue for c in (*before, *after) if c.cue.least < 99]

    def _joins(self, number: _Open, run: Run, own: Sequence[Cue]) -> bool:
        if own and number.cue and own[0].entity != number.cue.entity:
            return False
        plain = len(number.chars) > 1 and len(run.chars) > 1 and not run.measured
        return number.cue is not None or number.token is not None or plain

    def _settle(self, number: _Open, own: Sequence[Cue], head: bool, tail: bool) -> bool:
        """Judge a number; whether it is private."""
        said = _said(number.parts)
        split = len(number.parts) > 1
        asked = self._asked if self._asked and self._asked.least < 99 else None
        choices: list[tuple[Cue | None, bool]] = [(cue, False) for cue in own]
        choices += [(number.cue, True)] if number.cue and split else []
        choices += [(asked, head)] if asked else []
        for cue, known in [*choices, (None, False)]:
            same = cue is not None and asked is not None and cue.entity == asked.entity and head
            kind = self._judge.judge(said, cue, known or same or split, tail)
            if kind and kind.score >= self._threshold and not (cue and kind.entity == "number"):
                number.cue = number.cue or cue
                self._name(number, kind)
                return True
        number.cue = number.cue or (own[0] if own else asked)
        return False

    def _name(self, number: _Open, kind: Kind) -> None:
        number.kind = kind
        if number.token:
            number.token = self._secrets.grow(number.token, kind.entity, kind.value)
        else:
            known = self._secrets.holding(kind.value, kind.entity) if len(kind.value) >= _TELLING else None
            number.token = known or self._secrets.conceal(kind.entity, kind.value)

    def _marks(self, number: _Open) -> list[Mark]:
        if number.kind is None or number.token is None:
            return []
        entity, score = number.kind.entity, number.kind.score
        parts = (*number.parts, *number.echoes)
        return [Mark(p.turn, p.run.start, p.run.end, entity, score, number.token) for p in parts]

    def _echo(self, heard: Heard, run: Run) -> list[Mark]:
        """Part of a value that was said before."""
        token = (
            self._secrets.holding(run.digits) if len(run.digits) >= _TELLING and not run.measured else None
        )
        if token is None:
            return []
        return [Mark(heard.turn, run.start, run.end, token[1:].rpartition("_")[0].lower(), 0.8, token)]

    def _after(self, heard: Heard, last: _Open | None) -> None:
        """What is open once the caller has paused."""
        near = len(heard.words)
        pending = [
            replace(c.cue, asked=2) if c.end >= near - 2 and c.cue.least < 99 else c.cue
            for c in heard.cues
            if c.end >= near - (4 if c.cue.asked < WEAK else 2)
        ]
        if last is None:
            self._quiet += 1
            short = len(heard.words) <= _SHORT or bridge(heard.words, 0) == len(heard.words)
            if self._quiet > _PATIENCE or not short:
                self._open = None
            if self._quiet > _PATIENCE:
                self._asked = None
        else:
            self._quiet = 0
            slack = 8 if last.cue else 2
            ended = bridge(heard.words, heard.runs[-1].end, HEADS) < len(heard.words) - slack
            complete = last.kind is not None and last.kind.complete
            self._open = None if complete or ended else last
            self._asked = None if complete else self._asked
        if pending and (last is None or heard.runs[-1].end <= len(heard.words) - 3):
            self._asked = pending[-1]

    def _agent(self, heard: Heard) -> list[Mark]:
        marks: list[Mark] = []
        asks = [cue for spotted in heard.cues if (cue := _question(heard.words, spotted))]
        repeated = False
        for nth, run in enumerate(heard.runs):
            if self._open and _repeats(self._open, run, heard.words):
                self._open.echoes.append(_Part(heard.turn, run, False))
                repeated = True
                marks += self._marks(self._open)
                continue
            number = _Open([_Part(heard.turn, run, False)])
            if self._settle_agent(number, self._own_cues(heard, nth, run), tail_asked(heard.words)):
                marks += self._marks(number)
            else:
                marks += self._echo(heard, run)
        self._ask(heard, asks, repeated or bool(marks))
        return marks

    def _settle_agent(self, number: _Open, own: Sequence[Cue], tail: bool) -> bool:
        for cue in [*own, None]:
            kind = self._judge.judge(_said(number.parts), cue, False, tail)
            if kind and kind.score >= self._threshold:
                self._name(number, kind)
                return True
        return False

    def _ask(self, heard: Heard, asks: Sequence[Cue], repeated: bool) -> None:
        """What the agent's turn opens and closes."""
        another = not _ASKING.isdisjoint(heard.words) and _SAME.isdisjoint(heard.words)
        goes_on = repeated or len(heard.words) <= _SHORT or not (another or _GOES_ON.isdisjoint(heard.words))
        if asks:
            self._close_other(asks[-1].entity)
            self._asked, self._quiet = asks[-1], 0
            self._tail = tail_asked(heard.words)
        elif not goes_on:
            self._open, self._asked, self._tail = None, None, False


def _repeats(number: _Open, run: Run, words: Sequence[str]) -> bool:
    """Whether the agent says a part of the number again; a single digit only if it is known what it is."""
    counted = run.start > 0 and words[run.start - 1] in ("last", "next", "first", "final", "other")
    enough = len(run.digits) > (0 if number.cue and not counted else 1) and not run.measured
    return enough and run.digits[:_TELLING] in number.chars


def _adjoins(heard: Heard, before: _Open, run: Run) -> bool:
    """Whether only "and" or the like is between a run and the unfinished number before it in its turn."""
    unfinished = (
        before.cue is not None and before.cue.asked < WEAK and not (before.kind and before.kind.complete)
    )
    return unfinished and bridge(heard.words, before.parts[-1].run.end) >= run.start


def _question(words: Sequence[str], spotted: Spotted) -> Cue | None:
    """What an agent asks for with a cue, if it does: "which card" does, "on your card" does not."""
    cue = spotted.cue
    if cue.asked < WEAK or cue.least == 99:
        return cue
    before = words[max(0, spotted.start - 2) : spotted.start]
    asks = (
        cue.entity == Entity.EXPIRY
        or len(words) <= _SHORT
        or not {"what", "which", "what's"}.isdisjoint(before)
    )
    return replace(cue, least=min(cue.least, 4), asked=3) if asks or tail_asked(words) else None


def _said(parts: Sequence[_Part]) -> Said:
    runs = [part.run for part in parts]
    return Said(
        _joined([(part.run.parts, part.fresh) for part in parts]),
        _joined([(part.run.apart, part.fresh) for part in parts]),
        sum(run.pieces for run in runs),
        runs[-1].measured,
        len(runs) == 1 and runs[0].scaled,
    )


def _joined(readings: Sequence[tuple[tuple[str, ...], bool]]) -> tuple[str, ...]:
    said: list[str] = [""]
    for (first, *more), fresh in readings:
        said = [*said, first] if fresh else [*said[:-1], said[-1] + first]
        said += more
    return tuple(said)


def _takes_back(words: Sequence[str]) -> bool:
    return not {"no", "sorry", "wait", "actually", "correction", "oops", "again", "mistake"}.isdisjoint(words)

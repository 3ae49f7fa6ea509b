"""Finds postal addresses as people say them: number, street, flat, town, state and postcode."""

from __future__ import annotations

from collections.abc import Sequence

from voicecore.redaction.entities import Entity, Hit
from voicecore.redaction.runs import Run
from voicecore.spoken.numbers import word_at
from voicecore.spoken.words import listed

_STREETS = frozenset(
    listed(
        "street streets st road rd avenue ave lane boulevard blvd drive terrace parkway highway crescent "
        "strasse broadway"
    )
)
_MAYBE = frozenset(
    listed(
        "way place circle square court close trail park hill row mews gardens walk grove loop ridge plaza "
        "alley pike"
    )
)
"""Kinds of streets that are ordinary words too: they need a house number and more of an address."""
_UNITS = frozenset(listed("apartment apt unit suite flat floor building lot trailer"))
_SIDES = frozenset(listed("north south east west northwest northeast southwest southeast n s e w"))
_STATES = frozenset(
    listed(
        "alabama alaska arizona arkansas california colorado connecticut delaware florida georgia hawaii "
        "idaho illinois indiana iowa kansas kentucky louisiana maine maryland massachusetts michigan "
        "minnesota mississippi missouri montana nebraska nevada ohio oklahoma oregon pennsylvania "
        "tennessee texas utah vermont virginia washington wisconsin wyoming"
    )
)
_TWO_STATES = frozenset(
    {("new", "york"), ("new", "jersey"), ("new", "mexico"), ("new", "hampshire"), ("north", "carolina")}
    | {
        ("south", "carolina"),
        ("north", "dakota"),
        ("south", "dakota"),
        ("west", "virginia"),
        ("rhode", "island"),
    }
    | {("d", "c"), ("n", "y"), ("n", "j"), ("c", "a"), ("t", "x"), ("m", "a"), ("puerto", "rico")}
)
_STOPS = frozenset(
    listed(
        "a an and the of on in at to from is it it's its that that's was were are my your our his her i "
        "i'm you we they minutes minute blocks block down up more miles mile only way's no not one's this "
        "there's here or by with for between dollars euros pounds percent please thanks thank yes yeah "
        "okay so but because which who what where when people cars lanes times days weeks years hours "
        "houses doors feet across along past before after near off address instead still now uh um sorry "
        "wait mean been moved live lives under over just have had got can could if then about like do does"
        " did don't didn't go goes going turn left right wrong correct look looking number stop stops "
        "traffic speed parking lights light"
    )
)
_HOMES = (
    *(
        ("live", "on"),
        ("live", "at"),
        ("living", "at"),
        ("lives", "at"),
        ("address", "is"),
        ("address", "it's"),
    ),
    *(("address", "uh"), ("it", "to"), ("moved", "to"), ("that", "to"), ("house", "at"), ("residence", "is")),
    *(
        ("located", "at"),
        ("i'm", "at"),
        ("address",),
        ("living", "on"),
        ("we're", "at"),
        ("send", "to"),
        ("deliver", "to"),
    ),
)


def find_places(words: Sequence[str], runs: Sequence[Run], asked: bool) -> list[Hit]:
    """All addresses; ``asked`` says that the agent asked for one."""
    hits: list[Hit] = []
    for at in range(len(words)):
        if hits and at < hits[-1].end:
            continue
        hit = _box(words, runs, at) or _street(words, runs, at, asked)
        if hit:
            hits.append(hit)
    if asked and not hits:
        hits += _answer(words, runs)
    return hits


def _box(words: Sequence[str], runs: Sequence[Run], at: int) -> Hit | None:
    if words[at] != "box" or not (
        word_at(words, at - 1) == "po" or tuple(words[max(0, at - 2) : at]) == ("p", "o")
    ):
        return None
    run = next((r for r in runs if at < r.start <= at + 2), None)
    if run is None:
        return None
    return _hit(words, at - (1 if words[at - 1] == "po" else 2), _tail(words, runs, run.end), 0.9)


def _street(words: Sequence[str], runs: Sequence[Run], at: int, asked: bool) -> Hit | None:
    """The address whose kind of street is at ``at``."""
    sure, word = words[at] in _STREETS, words[at]
    if not sure and word not in _MAYBE:
        return None
    left = at
    while left > 0 and at - left < 9 and (words[left - 1] not in _STOPS or _in_run(runs, left - 1)):
        left -= 1
    numbers = [r for r in runs if left <= r.start and r.end <= at and len(r.digits) <= 6 and not r.measured]
    start = numbers[0].start if numbers else left
    named = at - (numbers[-1].end if numbers else left)
    home = asked or _announced(words, start) or word_at(words, start - 1) in ("to", "at")
    end = _tail(words, runs, at + 1)
    if (
        numbers
        and (named or word == "broadway" or words[at - 1] == "grand" or len(numbers) > 1)
        and named <= 4
        and (sure or home or end > at + 1)
    ):
        return _hit(words, start, end, 0.9 if sure else 0.75)
    if not numbers and home and sure and 0 < named <= 4:
        return _hit(words, start, _trailing_number(words, runs, end), 0.7)
    return _hit(words, start, end, 0.7) if not numbers and home and 0 < named <= 4 and end > at + 1 else None


def _hit(words: Sequence[str], start: int, end: int, score: float) -> Hit:
    return Hit(Entity.ADDRESS, score, start, end, " ".join(words[start:end]))


def _in_run(runs: Sequence[Run], at: int) -> bool:
    return any(run.start <= at < run.end for run in runs)


def _announced(words: Sequence[str], start: int) -> bool:
    """Whether words like "i live at" stand right before ``start``."""
    return any(
        tuple(words[max(0, start - len(home) - skip) : max(0, start - skip)]) == home
        for home in _HOMES
        for skip in (0, 1, 2)
    )


def _trailing_number(words: Sequence[str], runs: Sequence[Run], end: int) -> int:
    """ "cherry tree lane number nine"."""
    run = next((r for r in runs if end < r.start <= end + 1), None)
    return run.end if run and word_at(words, end) in ("number", "house") else end


def _tail(words: Sequence[str], runs: Sequence[Run], at: int) -> int:
    """Where an address ends whose street ends at ``at``: flat, town, state and postcode belong to it."""
    end = at
    while word_at(words, end) in _SIDES:
        end += 1
    if word_at(words, end) in _UNITS:
        run = next((r for r in runs if end < r.start <= end + 2), None)
        letter = len(word_at(words, end + 1)) == 1
        end = run.end if run else end + 2 if letter else end
        end += len(word_at(words, end)) == 1 and word_at(words, end) != "i"
    for town in range(5):
        stop = _state(words, end + town) or _postcode(runs, end + town)
        if stop:
            stop = _state(words, stop) or stop
            return _postcode(runs, stop) or stop
        following = word_at(words, end + town)
        if not following:
            return end + town if town <= 3 else end
        if following in _STOPS:
            break
    return end


def _state(words: Sequence[str], at: int) -> int | None:
    if word_at(words, at) in _STATES:
        return at + 1
    return at + 2 if tuple(words[at : at + 2]) in _TWO_STATES else None


def _postcode(runs: Sequence[Run], at: int) -> int | None:
    run = next((r for r in runs if r.start == at and len(r.chars) in (4, 5, 6, 7, 9)), None)
    return run.end if run else None


def _answer(words: Sequence[str], runs: Sequence[Run]) -> list[Hit]:
    """An address without a kind of street: "fourteen broadview springfield"."""
    run = next((r for r in runs if len(r.digits) <= 5 and not r.measured and r.start <= 3), None)
    if run is None or run.end >= len(words) or words[run.end] in _STOPS:
        return []
    end = _tail(words, runs, run.end)
    return [_hit(words, run.start, end, 0.6)] if end > run.end else []

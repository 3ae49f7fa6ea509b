"""Finds people's names: after "my name is" and its like, with titles, and common ones by themselves."""

from __future__ import annotations

from collections.abc import Sequence

from voicecore.redaction.entities import Entity, Hit
from voicecore.redaction.lexicon import CALLINGS, DOUBTFUL, FIRST, SURNAMES, TITLES, WORDS
from voicecore.redaction.runs import bridge
from voicecore.spoken.numbers import word_at
from voicecore.spoken.spelled import letter_at
from voicecore.spoken.words import FILLERS, listed

_Phrases = dict[str, list[tuple[str, ...]]]


def _by_last(text: str) -> _Phrases:
    """Phrases by their last word."""
    phrases: _Phrases = {}
    for phrase in (tuple(part.split()) for part in listed(text)):
        phrases.setdefault(phrase[-1], []).append(phrase)
    return phrases


_AFTER = _by_last(
    "name is | name's | names | first name | last name | full name | surname | surname is | last name's | "
    "first name's | name on the card is | name on the account is | named | i'm called | maiden name | "
    "middle name | family name | under the name | name was | name would be | name will be | goes by | "
    "nickname | account holder | account holder is | cardholder | cardholder is | in the name of | name "
    "it's | family name's | given name | spelled | spelt | policy holder | policyholder | policy holder is"
    " | holder's name | spelled | spelt | policy holder | policy holder is"
)
"""What follows is a name, unless it is an ordinary word."""
_HELLOS = _by_last(
    "this is | i'm | i am | it's | thank you | thanks | hi | hello | hey | spoke to | spoke with | talked "
    "to | talked with | talk to | speak to | speak with | ask for | speaking with | speaking to | okay | "
    "alright | sure | dear | for | my wife | my husband | my son | my daughter | my mother | my father | "
    "my friend | is this | am i speaking to | by | from | named | with | call | contact | and | sister | "
    "brother | partner | sorry | yes | great | to | met | told | mom | dad | boss | neighbor | colleague |"
    " roommate | told me | good morning | good afternoon | good evening | perfect | welcome | bye | "
    "goodbye"
)
"""What follows is a name if it is a common one."""
_LONGEST = 4
_LINKS = frozenset(listed("is it's its uh um er that's the that would be was mm hm ah"))


def _name_word(words: Sequence[str], at: int) -> bool:
    word = word_at(words, at)
    return len(word) > 1 and word not in WORDS and word not in FILLERS and not word[0].isdigit()


def _free(words: Sequence[str], start: int) -> int:
    """Where a name of any words that begins at ``start`` ends."""
    end = start
    while end - start < _LONGEST and (
        _name_word(words, end)
        or (end > start and len(word_at(words, end)) == 1 and _name_word(words, end + 1))
    ):
        end += 1
    return end


def _spelled(words: Sequence[str], at: int) -> int:
    """The index after at least three spelled letters at ``at``, else ``at``."""
    end, letters = at, 0
    while end < len(words):
        if words[end] in ("then", "and", "uh", "um", "hyphen", "apostrophe") and letters:
            following = letter_at(words, end + 1) if end + 1 < len(words) else None
            if not following:
                break
            end += 1
            continue
        letter = letter_at(words, end)
        if letter is None or words[end].isdigit() or (len(words[end]) > 4 and not letter.plain):
            break
        letters, end = letters + len(letter.text), letter.end
    return end if letters >= 3 else at


def _common(words: Sequence[str], at: int) -> int:
    """The index after a common name at ``at``, else ``at``."""
    first, second = word_at(words, at), word_at(words, at + 1)
    if first in TITLES and _name_word(words, at + 1) and second not in TITLES:
        return at + 2 + (_name_word(words, at + 2) and word_at(words, at + 2) in SURNAMES)
    if first in CALLINGS and second in SURNAMES:
        return at + 2
    if first in FIRST:
        middle = len(second) == 1 and second != "i" and word_at(words, at + 2) in SURNAMES
        if middle:
            return at + 3
        if second in SURNAMES and _name_word(words, at + 1):
            return at + 2
    return at


def _greeted(words: Sequence[str], at: int) -> int:
    """The index after a first name at ``at``, perhaps with an unusual surname, else ``at``."""
    first, second = word_at(words, at), word_at(words, at + 1)
    if first not in FIRST or first in DOUBTFUL:
        return at
    surname = _name_word(words, at + 1) and (
        second in SURNAMES or word_at(words, at + 2) in ("", "calling", "speaking")
    )
    return at + 1 + surname


def _follows(words: Sequence[str], at: int, phrases: _Phrases) -> bool:
    ending = phrases.get(words[at - 1], ()) if at else ()
    return any(tuple(words[max(0, at - len(p)) : at]) == p for p in ending)


def find_names(words: Sequence[str], asked: bool, known: frozenset[str] = frozenset()) -> list[Hit]:
    """All names; ``asked`` says that the agent asked for one, ``known`` are parts of names in this call."""
    hits: list[Hit] = []
    at = 0
    while at < len(words):
        hit = _at(words, at, known)
        if hit:
            hits.append(hit)
        at = hit.end if hit else at + 1
    if asked and not hits:
        hits += _answer(words)
    return hits


def _at(words: Sequence[str], at: int, known: frozenset[str]) -> Hit | None:
    """A name at ``at`` by what stands before it, or by itself."""
    if _follows(words, at, _AFTER):
        start = at
        while word_at(words, start) in _LINKS:
            start += 1
        end = max(_free(words, start), _common(words, start))
        end = max(end, _spelled(words, end))
        if end > start:
            return _hit(words, 0.9, start, end)
    end = _common(words, at)
    if end > at:
        return _hit(words, 0.8, at, end)
    if _follows(words, at, _HELLOS) or at == 0:
        end = _greeted(words, at)
        if end > at:
            return _hit(words, 0.7, at, end)
    return _hit(words, 0.6, at, at + 1) if words[at] in known and words[at] not in DOUBTFUL else None


def _answer(words: Sequence[str]) -> list[Hit]:
    """A turn that is the answer to "may I have your name?"."""
    start = 0
    while start < len(words) and (
        bridge(words, start) > start or words[start] in _LINKS | {"sure", "hi", "hello", "i'm", "this"}
    ):
        start = max(bridge(words, start), start + 1)
    spelled = _spelled(words, start)
    if spelled > start:
        return [_hit(words, 0.8, start, spelled)]
    end = _free(words, start)
    end = max(end, _spelled(words, end))
    return [_hit(words, 0.7, start, end)] if end > start else []


def _hit(words: Sequence[str], score: float, start: int, end: int) -> Hit:
    return Hit(Entity.NAME, score, start, end, " ".join(words[start:end]))

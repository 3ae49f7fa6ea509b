"""Finds e-mail and web addresses, written or as people say them: "jane dot doe at gmail dot com"."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from voicecore.redaction.entities import Entity, Hit
from voicecore.spoken.digits import piece_at
from voicecore.spoken.numbers import word_at
from voicecore.spoken.words import FILLERS, listed

TLDS = frozenset(
    listed(
        "com org net edu gov io ai co uk de fr es it nl eu us ca au in info biz me app dev shop ch "
        "at be se no dk pl jp cn br mx ie nz tv xyz cloud store site tech"
    )
)
_SURE = frozenset(listed("com org net edu gov io ai info biz app dev"))
PROVIDERS = frozenset(
    listed(
        "gmail hotmail yahoo outlook icloud aol msn proton protonmail comcast verizon att gmx live me mail "
        "googlemail ymail btinternet"
    )
)
_SPLIT = {("g", "mail"), ("hot", "mail"), ("i", "cloud"), ("proton", "mail"), ("out", "look"), ("yah", "hoo")}
_DOTS = frozenset(listed("dot dots period point dott dotted"))
_SIGNS = {"underscore": "_", "hyphen": "-", "dash": "-", "minus": "-", "plus": "+"} | dict.fromkeys(
    _DOTS, "."
)
_COM = frozenset(listed("com calm come con comm dotcom"))
"""What recognisers make of "com"."""
_AT = frozenset(listed("at @ add ad that hat had"))
_WRITTEN = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
_SITE = re.compile(
    r"(https?://)?(www\.)?([\w-]+\.)+(?:com|org|net|edu|gov|io|ai|co|uk|de|info|app|dev)(/\S*)?"
)
_STOPS = frozenset(
    listed(
        "is it's its it my email e-mail mail address to on me the send that's thats at with and for so "
        "yeah um uh of sure your was just write an a use okay ok yes no not sorry well i'm this then or "
        "please go site website saw name would be should could you can have called by from "
        "have emails email's wait mean hi hello am i think if look at's invoice correct right now still "
        "but instead actually under saying using into visit via check out online all his her"
        " our their sent goes there found bought ordered via"
    )
)
_OUTSIDE = (_STOPS - {"and", "the", "my", "me"}) | {"|"}
"""These are no part of a web address."""
_LONGEST = 4
"""Plain words that one name may be made of ("the real john")."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def find_internet(words: Sequence[str], public: Iterable[str] = ()) -> list[Hit]:
    """All addresses in ``words``; web addresses of the ``public`` domains are left alone."""
    known = frozenset(public)
    if _DOTS.isdisjoint(words) and PROVIDERS.isdisjoint(words) and not any("." in word for word in words):
        return []
    mails = _all(words, lambda at: _written(words, at) or _mail(words, at))
    free = [word if not any(m.start <= at < m.end for m in mails) else "|" for at, word in enumerate(words)]
    sites = _all(free, lambda at: _site(free, at))
    return [*mails, *(site for site in sites if site.value.removeprefix("www.") not in known)]


def _all(words: Sequence[str], find: Callable[[int], Hit | None]) -> list[Hit]:
    """What begins or ends at each word, later ones over earlier ones that they reach into."""
    hits: list[Hit] = []
    at = 0
    while at < len(words):
        hit = find(at)
        if hit:
            hits = [*(h for h in hits if h.end <= hit.start), hit]
        at = hit.end if hit else at + 1
    return hits


def _written(words: Sequence[str], at: int) -> Hit | None:
    if "." not in words[at]:
        return None
    if _WRITTEN.fullmatch(words[at]):
        return Hit(Entity.EMAIL, 0.99, at, at + 1, words[at])
    return Hit(Entity.URL, 0.95, at, at + 1, words[at]) if _SITE.fullmatch(words[at]) else None


def _domain(words: Sequence[str], at: int) -> tuple[str, int] | None:
    """A domain that begins at ``at`` and the index after it: "g mail dot com"."""
    for name_end in range(at + 1, min(at + 7, len(words)) + 1):
        end = _endings(words, name_end)
        name = "".join(words[at:name_end])
        if end:
            return f"{name}.{end[0]}", end[1]
        if name_end < len(words) and (words[name_end] in _DOTS or words[name_end] in ("at", "is")):
            return None
    return _provider(words, at)


def _provider(words: Sequence[str], at: int) -> tuple[str, int] | None:
    """A well-known provider with its ending joined, misheard or left out: "gmail com", "gmail.com"."""
    two = tuple(words[at : at + 2])
    size = 2 if two in _SPLIT else 1
    name = "".join(words[at : at + size])
    if name.partition(".")[0] not in PROVIDERS - {"me", "live", "mail", "att"}:
        return None
    end = at + size
    if "." in name:
        return name, end
    tail = word_at(words, end)
    if word_at(words, end + 1) in _COM:
        return name, end + 2
    return name, end + (tail in _COM | _DOTS)


def _endings(words: Sequence[str], at: int) -> tuple[str, int] | None:
    """ "dot com", "dot co dot uk", "dotcom"."""
    if word_at(words, at) == "dotcom":
        return "com", at + 1
    names, end = list[str](), at
    while word_at(words, end) in _DOTS:
        name = word_at(words, end + 1)
        two = name + word_at(words, end + 2)
        if name in TLDS or (name in _COM and not names):
            names.append(name)
            end += 2
        elif two in ("io", "ai", "de", "uk", "couk") and len(name) <= 2:
            names.append(two)
            end += 3
        elif not names and word_at(words, end + 2) in _DOTS and word_at(words, end + 3) in TLDS:
            names.append(name)
            end += 2
        else:
            break
    return (".".join(names), end) if names else None


def _mail(words: Sequence[str], at: int) -> Hit | None:
    """An e-mail address whose "at" is at ``at``."""
    if words[at] not in _AT or at == 0:
        return None
    after = at + 1 + (word_at(words, at + 1) in ("sign", "symbol"))
    domain = _domain(words, after)
    start = _local(words, at)
    sure = words[at] in ("at", "@") or (domain and domain[0].partition(".")[0] in PROVIDERS)
    if domain is None or not sure or (start == at and domain[0].partition(".")[0] not in PROVIDERS):
        return None
    local = "".join(_SIGNS.get(word, word) for word in words[start:at] if word not in FILLERS)
    return Hit(Entity.EMAIL, 0.97, start, domain[1], f"{local}@{domain[0]}")


def _local(words: Sequence[str], at: int) -> int:
    """Where the name before the "at" begins."""
    start, plain = at, 0
    while start > 0:
        word = words[start - 1]
        signed = word_at(words, start - 2) in _SIGNS
        joined = signed or (start < at and words[start] in _SIGNS)
        example = word_at(words, start - 2) in ("in", "as") and word_at(words, start - 3) in ("as", *_LETTERS)
        short = word in _SIGNS or len(word) == 1 or word.isdigit() or piece_at(words, start - 1) is not None
        if example:
            start -= 4 if word_at(words, start - 3) == "as" else 3
        elif short or joined:
            start -= 1
        elif word in _STOPS or plain == _LONGEST:
            break
        else:
            start, plain = start - 1, plain + 1
    start = _introduced(words, start)
    while start < at and words[start] in _DOTS | {"a"} and words[start + 1] not in _SIGNS:
        start += 1
    return start


def _introduced(words: Sequence[str], start: int) -> int:
    """Where the name begins that "my email is" introduces a few words before ``start``."""
    for back in range(1, _LONGEST + 1):
        before = word_at(words, start - back - 1)
        if word_at(words, start - back) in FILLERS | {"it's", "is", "at", "and", "sure", "yes", "yeah"}:
            break
        if before in ("is", "it's") or (before == "address" and word_at(words, start - back) != "is"):
            return start - back
    return start


def _site(words: Sequence[str], at: int) -> Hit | None:
    """A web address that begins at ``at``: after "w w w", or a few words before a "dot com"."""
    begin = at
    if words[at : at + 4] == list("http") or tuple(words[at : at + 4]) == tuple("http"):
        at += 4 + (word_at(words, at + 4) == "s")
    if (
        at > begin
        or tuple(words[at : at + 3]) == ("http", "colon", "slash")
        or words[at] in ("http", "https")
    ):
        while word_at(words, at) in ("http", "https", "colon", "slash", "s"):
            at += 1
    if word_at(words, at) == "www" or tuple(words[at : at + 3]) == ("w", "w", "w"):
        at += 1 if words[at] == "www" else 3
        at += word_at(words, at) in _DOTS
    prefixed = at > begin
    if at >= len(words) or words[at] == "|" or (not prefixed and words[at] in _STOPS | FILLERS):
        return None
    name_end = at + 1
    while name_end < min(len(words), at + 5) and word_at(words, name_end) not in _DOTS | {"dotcom"}:
        if words[name_end] in _OUTSIDE:
            return None
        name_end += 1
    end = _endings(words, name_end)
    if end is None or (not prefixed and end[0].split(".")[-1] not in _SURE | {"uk", "de", "net"}):
        return None
    begin, stop = begin if prefixed else _introduced(words, begin), end[1]
    while word_at(words, stop) == "slash" and stop + 1 < len(words):
        stop += 2
    return Hit(Entity.URL, 0.9, begin, stop, "".join(words[at:name_end]) + "." + end[0])

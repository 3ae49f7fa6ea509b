"""Reads text the way checks compare it: plain words, common forms of speech made one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_FORMS = (
    (r"\bcan't\b|\bcannot\b", "can not"),
    (r"\bwon't\b", "will not"),
    (r"n't\b", " not"),
    (r"\b(i)'m\b", r"\1 am"),
    (r"'re\b", " are"),
    (r"'ve\b", " have"),
    (r"'ll\b", " will"),
    (r"\b(\w+)'d\b", r"\1 would"),
    (r"\b(it|that|there|what|who|he|she|let)'s\b", r"\1 is"),
    (r"\bgonna\b", "going to"),
    (r"\bwanna\b", "want to"),
    (r"\bgotta\b", "got to"),
    (r"\bgimme\b", "give me"),
)
_FILLERS = re.compile(r"\b(?:um+|uh+|er+|erm|hmm*|like you know|you know|i mean)\b ?")
_COMMON = frozenset(
    re.findall(
        r"\w+",
        """a about am an and any are as at be been but by can could did do does for from had has have how i if
        in into is it its just me my no not of on or our please so some than that the their them then there
        these they this to up us was we were what when where which who why will with would you your""",
    )
)
"""Words that say nothing of what a sentence is about."""
_FIGURES = frozenset(
    re.findall(
        r"\w+",
        """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
        sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty
        ninety hundred thousand million first second third fourth fifth sixth seventh eighth
        ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth
        eighteenth nineteenth twentieth thirtieth euro euros cent cents pound pounds penny
        pence dollar dollars january february march april may june july august september
        october november december""",
    )
)
"""Words that fill the holes of a template; figures are checked by themselves."""


def normal(text: str) -> str:
    """Lower case, no punctuation but apostrophes inside words, contractions written out, fillers dropped."""
    text = text.lower().replace("’", "'")
    for form, plain in _FORMS:
        text = re.sub(form, plain, text)
    text = re.sub(r"[^\w' ]+", " ", text)
    return " ".join(_FILLERS.sub("", " ".join(text.split())).split())


def telling(text: str) -> frozenset[str]:
    """The words of ``text`` that carry its meaning, without plural and tense endings."""
    words = normal(re.sub(r"{[^}]*}", " ", text)).split()
    return frozenset(
        re.sub(r"(?<=...)(?:ies|es|s|ed|ing|y|e)$", "", w)
        for w in words
        if w not in _COMMON | _FIGURES and not w.isdigit()
    )


def phrase_pattern(phrases: Iterable[str]) -> re.Pattern[str] | None:
    """Finds any of ``phrases``, as whole words of a normal text; None without phrases."""
    plain = sorted({normal(phrase) for phrase in phrases} - {""}, key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, plain))})\b") if plain else None


def longest_shared(one: Sequence[str], other: Sequence[str]) -> int:
    """How many words in a row both have at most."""
    best, row = 0, [0] * (len(other) + 1)
    for word in one:
        last = row
        row = [0] * (len(other) + 1)
        for at, known in enumerate(other, start=1):
            if word == known:
                row[at] = last[at - 1] + 1
                best = max(best, row[at])
    return best

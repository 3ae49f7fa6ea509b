"""Words as they are said: a common form for texts, digits inside speech, and how two wordings differ."""

from __future__ import annotations

import re
from collections.abc import Sequence

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_VALUE = {word: str(i) for i, word in enumerate(DIGITS)} | {"oh": "0", "o": "0"}
_TIMES = {"double": 2, "triple": 3}
_TOKEN = re.compile(r"\d|[^\W\d_]+(?:'[^\W\d_]+)*")
_PHRASE_END = re.compile(r"[.?!;:]+(?=\s|$)")

Edit = tuple[str, str]
"""One step from a reference to a hypothesis: (said, recognised); "" on one side is a gap."""


def spoken_words(text: str) -> list[str]:
    """``text`` in lower-case words without punctuation, every digit as its own word."""
    found = _TOKEN.findall(text.lower().replace("’", "'"))
    return [DIGITS[int(token)] if token.isdigit() else token for token in found]


def spell_digits(digits: str) -> str:
    """ "2718" as "two seven one eight", which every voice reads the same way."""
    return " ".join(DIGITS[int(digit)] for digit in digits if digit.isdigit())


def digit_runs(text: str) -> list[str]:
    """The numbers read out digit by digit in ``text``: "it is 2 7, one. Double five?" is 271 and 55."""
    runs: list[str] = []
    for phrase in _PHRASE_END.split(text):
        run, times = "", 1
        for word in spoken_words(phrase):
            if word in _TIMES:
                times = _TIMES[word]
            elif word in _VALUE:
                run, times = run + _VALUE[word] * times, 1
            elif run:
                runs.append(run)
                run, times = "", 1
        if run:
            runs.append(run)
    return runs


def mentions(text: str, fact: str) -> bool:
    """Whether ``text`` states ``fact``: digit for digit when it is a number, else word for word."""
    if re.fullmatch(r"[\d ]+", fact):
        return fact.replace(" ", "") in digit_runs(text)
    said, wanted = spoken_words(text), spoken_words(fact)
    return any(said[i : i + len(wanted)] == wanted for i in range(len(said) - len(wanted) + 1))


def edits(reference: Sequence[str], hypothesis: Sequence[str]) -> tuple[Edit, ...]:
    """A shortest way from ``reference`` to ``hypothesis`` (Levenshtein over words), in order."""
    rows, cols = len(reference), len(hypothesis)
    cost = [[i + j if 0 in (i, j) else 0 for j in range(cols + 1)] for i in range(rows + 1)]
    for i in range(1, rows + 1):
        for j in range(1, cols + 1):
            swap = cost[i - 1][j - 1] + (reference[i - 1] != hypothesis[j - 1])
            cost[i][j] = min(swap, cost[i - 1][j] + 1, cost[i][j - 1] + 1)
    steps: list[Edit] = []
    i, j = rows, cols
    while i or j:
        here = cost[i][j]
        if i and j and here == cost[i - 1][j - 1] + (reference[i - 1] != hypothesis[j - 1]):
            i, j = i - 1, j - 1
            steps.append((reference[i], hypothesis[j]))
        elif i and here == cost[i - 1][j] + 1:
            i -= 1
            steps.append((reference[i], ""))
        else:
            j -= 1
            steps.append(("", hypothesis[j]))
    return tuple(reversed(steps))


def error_rate(steps: Sequence[Edit]) -> float:
    """Word error rate of an edit path: substitutions, deletions and insertions per reference word."""
    wrong = sum(said != recognised for said, recognised in steps)
    return wrong / max(1, sum(bool(said) for said, _ in steps))

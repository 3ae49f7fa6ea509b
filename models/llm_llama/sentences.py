"""Cuts a stream of text into sentences, each as soon as it is certainly over."""

from __future__ import annotations

import re

_END = re.compile(r"""[.!?…]+["')\]]*(?=\s)|\n+""")
_CLOSED = re.compile(r"""[.!?]["')\]]*$""")
_ABBREVIATED = re.compile(r"(?:\b[A-Za-z]|\b(?:Mr|Mrs|Ms|Dr|St|No|Nos|vs|etc|approx|e\.g|i\.e))\.$")
_SAYABLE = re.compile(r"\w")


class Sentences:
    """Feed it pieces of a reply. A sentence is over once a space follows its end: "3.50" is one number."""

    def __init__(self) -> None:
        self._text = ""

    def feed(self, text: str) -> list[str]:
        """The sentences that ``text`` completes, in order, without space around them."""
        self._text += text
        whole: list[str] = []
        start = 0
        for end in _END.finditer(self._text):
            sentence = self._text[start : end.end()].strip()
            if _ABBREVIATED.search(sentence) or not _SAYABLE.search(sentence):
                continue
            whole.append(closed(sentence))
            start = end.end()
        self._text = self._text[start:]
        return whole

    def flush(self) -> list[str]:
        """What is left when the reply is over, closed with a full stop if it has no end of its own."""
        rest, self._text = self._text.strip(), ""
        return [closed(rest)] if _SAYABLE.search(rest) else []


def closed(sentence: str) -> str:
    """``sentence`` with a full stop unless it ends like one."""
    return sentence if _CLOSED.search(sentence) else re.sub(r"[\s,;:…–—-]+$", "", sentence) + "."

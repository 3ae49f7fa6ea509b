"""Says how words sound, in ARPAbet: from a CMU dictionary file, else by rules of English spelling."""

from __future__ import annotations

import mmap
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from voicecore.errors import EngineError

_BRITISH = (
    ("ll", "l"),
    ("l", "ll"),
    ("our", "or"),
    ("ise", "ize"),
    ("isa", "iza"),
    ("yse", "yze"),
    ("tre", "ter"),
)
"""Spellings to try instead of one that an American dictionary lacks."""

_RULES: Mapping[str, str] = {
    "tion": "SH AH N", "sion": "ZH AH N", "ture": "CH ER", "ough": "OW", "eigh": "EY", "tch": "CH",
    "dge": "JH", "igh": "AY", "air": "EH R", "ear": "IH R", "eer": "IH R", "our": "AO R", "oor": "AO R",
    "ch": "CH", "ck": "K", "gh": "G", "gn": "N", "kn": "N", "ng": "NG", "ph": "F", "qu": "K W",
    "sc": "S K", "sh": "SH", "th": "TH", "wh": "W", "wr": "R", "ai": "EY", "ar": "AA R", "au": "AO",
    "aw": "AO", "ay": "EY", "ea": "IY", "ee": "IY", "ei": "IY", "er": "ER", "eu": "UW", "ew": "UW",
    "ey": "IY", "ia": "IY AH", "ie": "IY", "ir": "ER", "oa": "OW", "oe": "OW", "oi": "OY", "oo": "UW",
    "or": "AO R", "ou": "AW", "ow": "OW", "oy": "OY", "ue": "UW", "ui": "UW", "ur": "ER",
    "a": "AE", "b": "B", "c": "K", "d": "D", "e": "EH", "f": "F", "g": "G", "h": "HH", "i": "IH", "j": "JH",
    "k": "K", "l": "L", "m": "M", "n": "N", "o": "AA", "p": "P", "q": "K", "r": "R", "s": "S", "t": "T",
    "u": "AH", "v": "V", "w": "W", "x": "K S", "y": "IY", "z": "Z",
}  # fmt: skip
_LONG: Mapping[str, str] = {"a": "EY", "e": "IY", "i": "AY", "o": "OW", "u": "UW", "y": "AY"}
_SPELLING = re.compile("|".join(sorted(_RULES, key=len, reverse=True)))
_DOUBLED = re.compile(r"([b-df-hj-np-tv-xz])\1")
_MAGIC_E = re.compile(r"[aeiouy][b-df-hj-np-tvz]$")


def spell_out(word: str) -> str:
    """A guess by rules, for words in no dictionary: "arrangly" -> "AE R AE NG L IY". "" without letters."""
    letters = re.sub("[^a-z]", "", word.lower())
    letters = _DOUBLED.sub(r"\1", letters)
    silent = len(letters) > 3 and letters.endswith("e") and _MAGIC_E.search(letters[:-1])
    stem = letters[:-1] if silent else letters
    phones: list[str] = []
    for match in _SPELLING.finditer(stem):
        grapheme, end = match[0], match.end()
        if grapheme == "c" and stem[end : end + 1] in ("e", "i", "y"):
            phones.append("S")
        elif silent and end == len(stem) - 1 and grapheme in _LONG:
            phones.append(_LONG[grapheme])
        elif grapheme == "y" and match.start() == 0:
            phones.append("Y")
        else:
            phones.append(_RULES[grapheme])
    return " ".join(phones)


class Pronunciations:
    """A dictionary in CMU format, a word and its phones per line, further readings as "word(2)".

    It is searched where it lies, mapped into memory: what a process asks for is a few hundred words.
    """

    def __init__(self, path: Path) -> None:
        """Raises EngineError("asr-missing-model") that names the file and the command that gets it."""
        try:
            with path.open("rb") as file:
                self._text = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as exc:
            message = f"{path}: no dictionary; pip install --force-reinstall pocketsphinx"
            raise EngineError("asr-missing-model", message, file=str(path)) from exc
        self._blocks = self._index()
        self._known = cache(self._search)

    def of(self, word: str) -> tuple[str, ...]:
        """All readings of a lower-case word, the usual one first; () if the dictionary lacks it."""
        return self._known(word)

    def guess(self, word: str) -> str:
        """A reading of a word that the dictionary lacks: another spelling of it, or by rules; "" if none."""
        for theirs, ours in _BRITISH:
            for at in re.finditer(theirs, word):
                readings = self.of(word[: at.start()] + ours + word[at.end() :])
                if readings:
                    return readings[0]
        return spell_out(word)

    def _index(self) -> dict[bytes, tuple[int, int]]:
        """From where to where the lines lie that begin with the same two letters."""
        blocks: dict[bytes, tuple[int, int]] = {}
        start = 0
        for line in iter(self._text.readline, b""):
            end = start + len(line)
            blocks[line[:2]] = (blocks.get(line[:2], (start,))[0], end)
            start = end
        return blocks

    def _search(self, word: str) -> tuple[str, ...]:
        readings: list[str] = []
        entry = word
        while (phones := self._line(f"{entry} ".encode())) is not None:
            readings.append(phones)
            entry = f"{word}({len(readings) + 1})"
        return tuple(readings)

    def _line(self, start: bytes) -> str | None:
        first, end = self._blocks.get(start[:2], (0, 0))
        block = b"\n" + self._text[first:end]
        at = block.find(b"\n" + start)
        return None if at < 0 else block[at + 1 + len(start) :].split(b"\n", 1)[0].decode().strip()

"""The model's vocabulary: its special tokens, and where words begin and end in a row of tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from voicecore.errors import ConfigError, EngineError

_UNSPACED = frozenset({"zh", "ja", "th", "lo", "my", "yue"})
"""Languages written without spaces: there every sign is taken for a word."""
_HALF = "\ufffd"
"""What half a character decodes to."""
_SIGNS = " .,?!;:\"'()[]-–—…“”‘’«»¿¡。、，？！" + _HALF


@dataclass(frozen=True, slots=True)
class Piece:
    """Tokens of a row that make one word."""

    text: str
    """Plain: lower case, without punctuation around it."""
    first: int
    """Index in the row."""
    end: int


class Tokens:
    """Whisper's tokens for one language."""

    def __init__(self, folder: Path, language: str, multilingual: bool) -> None:
        """Reads ``tokenizer.json``. Raises EngineError (``model-missing``, ``model-broken``),
        ConfigError("unknown-language").
        """
        file = folder / "tokenizer.json"
        if not file.is_file():
            raise EngineError("model-missing", f"{file} is not there", file=str(file))
        try:
            self._tokenizer = Tokenizer.from_file(str(file))
        except Exception as exc:  # tokenizers raises bare Exception
            raise EngineError("model-broken", f"{file}: {exc}", file=str(file)) from exc
        self._file = file
        self._spaced = language not in _UNSPACED
        self.end = self._special("endoftext")
        self._before = self._special("startofprev")
        if not multilingual and language != "en":
            raise ConfigError("unknown-language", f"this model knows English only, not {language!r}")
        task = (self._language(language), self._special("transcribe")) if multilingual else ()
        self.start = (self._special("startoftranscript"), *task, self._special("notimestamps"))
        """What every reading begins with."""

    def _special(self, name: str) -> int:
        token = self._tokenizer.token_to_id(f"<|{name}|>")
        if token is None:
            raise EngineError("model-broken", f"{self._file}: no token <|{name}|>", file=str(self._file))
        return int(token)

    def _language(self, language: str) -> int:
        token = self._tokenizer.token_to_id(f"<|{language}|>")
        if token is None:
            raise ConfigError("unknown-language", f"the model does not know {language!r}", language=language)
        return int(token)

    def encode(self, text: str) -> list[int]:
        """The tokens of plain text."""
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of tokens; special ones say nothing."""
        text: str = self._tokenizer.decode(list(tokens), skip_special_tokens=True)
        return text

    def prompt(self, before: Sequence[int], prefix: Sequence[int]) -> list[int]:
        """What the decoder is given: what came before, the start, what the reading begins with."""
        return [*((self._before, *before) if before else ()), *self.start, *prefix]

    def words(self, tokens: Sequence[int]) -> list[Piece]:
        """The words in a row of text tokens; each token before the last word belongs to one.

        A word begins after a space. Signs belong to the word that they follow, at the beginning to the first.
        """
        pieces: list[Piece] = []
        for text, first, end in self._characters(tokens):
            last = pieces[-1] if pieces else Piece("", first, first)
            apart = not self._spaced or text[:1].isspace() or last.text[-1:].isspace()
            if pieces and not (apart and _plain(text) and _plain(last.text)):
                pieces[-1] = Piece(last.text + text, last.first, end)
            else:
                pieces.append(Piece(text, first, end))
        words = (Piece(_plain(piece.text), piece.first, piece.end) for piece in pieces)
        return [word for word in words if word.text]

    def _characters(self, tokens: Sequence[int]) -> Iterator[tuple[str, int, int]]:
        """Fewest tokens at a time that make whole characters."""
        first = 0
        for end in range(1, len(tokens) + 1):
            text = self.decode(tokens[first:end])
            if _HALF not in text or end == len(tokens):
                yield text, first, end
                first = end


def _plain(text: str) -> str:
    return text.strip(_SIGNS).lower()

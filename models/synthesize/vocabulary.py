"""Byte-level BPE vocabularies for synthetic models: a real one out of a GGUF file, or one made by rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice, product
from pathlib import Path
from string import ascii_lowercase

from voicecore.errors import EngineError

SPACE = "Ġ"
"""The space, in GPT-2's alphabet of printable bytes."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Tokens in the order of their ids, and the merges in the order of their rank."""

    tokens: tuple[str, ...]
    merges: tuple[tuple[str, str], ...]
    pre: str
    """llama.cpp's name for how text is cut before the merges."""
    source: str

    def sized(self, size: int, name: str) -> tuple[str, ...]:
        """The first ``size`` tokens; where there are fewer, ``<|name-N|>`` follow."""
        missing = range(size - len(self.tokens))
        return (*self.tokens[:size], *(f"<|{name}-{i}|>" for i in missing))

    def known_merges(self, size: int) -> tuple[tuple[str, str], ...]:
        """The merges whose result is among the first ``size`` tokens."""
        known = set(self.tokens[:size])
        return tuple(merge for merge in self.merges if "".join(merge) in known)


def byte_alphabet() -> tuple[str, ...]:
    """A printable character for each of the 256 bytes, in GPT-2's order (Radford et al. 2019)."""
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = (chr(256 + i) for i in range(256 - len(plain)))
    return (*map(chr, plain), *others)


def syllables(size: int) -> Vocabulary:
    """A vocabulary of ``size`` tokens without any data: bytes, then groups of up to four letters.

    English comes to about three characters a token in it, where a trained one has about four: timings
    per token carry over, tokens per sentence do not. Raises ValueError for fewer than the 256 bytes.
    """
    letters = byte_alphabet()
    if size < len(letters):
        raise ValueError(f"a byte-level vocabulary has at least 256 tokens, not {size}")
    merges = tuple(islice(_groups(), size - len(letters)))
    return Vocabulary((*letters, *map("".join, merges)), merges, "qwen2", "syllables")


def _groups() -> Iterator[tuple[str, str]]:
    """Merges of two tokens that are there by then: ``ab``, `` a``, `` ab``, ``abc``, `` abc``, ``abcd``."""
    pairs = ["".join(pair) for pair in product(ascii_lowercase, repeat=2)]
    triples = [(pair, letter) for pair in pairs for letter in ascii_lowercase]
    return chain(
        ((pair[0], pair[1]) for pair in pairs),
        ((SPACE, group) for group in (*ascii_lowercase, *pairs)),
        triples,
        ((SPACE, "".join(triple)) for triple in triples),
        ((left, right) for left, right in product(pairs, repeat=2)),
    )


def read_vocabulary(file: Path) -> Vocabulary:
    """The byte-level BPE vocabulary of a GGUF file, as llama.cpp's sources carry them (``ggml-vocab-*``).

    Raises EngineError("model-broken") for another kind of file or vocabulary.
    """
    from gguf import GGUFReader  # noqa: PLC0415 - only this function needs the package

    try:
        fields = GGUFReader(file).fields
        kind = fields["tokenizer.ggml.model"].contents()
        tokens = tuple(fields["tokenizer.ggml.tokens"].contents())
        merges = (merge.split(" ", 1) for merge in fields["tokenizer.ggml.merges"].contents())
        pre = fields["tokenizer.ggml.pre"].contents()
        return Vocabulary(
            tokens, tuple((left, right) for left, right in merges), pre, f"{file.stem} ({kind})"
        )
    except (OSError, ValueError, LookupError) as exc:
        raise EngineError(
            "model-broken", f"{file}: no byte-level BPE vocabulary: {exc}", file=str(file)
        ) from exc

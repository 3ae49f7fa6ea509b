"""Tells which words of a growing utterance are settled: those that two readings in a row agree on."""

from __future__ import annotations

from collections.abc import Sequence

from models.asr_whisper.reading import Reading, Spoken


class LocalAgreement:
    """LocalAgreement-2 (Machacek, Dabre and Bojar 2023, after Liu et al. 2020).

    What two readings in a row begin with alike is agreed, for good. A word that ends within ``edge_s`` of
    the end of what was heard may be half of another one: it does not count until more was heard.
    """

    def __init__(self, edge_s: float = 0.3) -> None:
        self._edge_s = edge_s
        self._latest: tuple[Spoken, ...] = ()
        self.agreed: tuple[Spoken, ...] = ()

    @property
    def prefix(self) -> tuple[int, ...]:
        """The tokens of the agreed words but the last: the next reading may begin with them.

        Right after what it is given the model may not stop, so it needs a word to say.
        """
        return tuple(token for spoken in self.agreed[:-1] for token in spoken.tokens)

    def add(self, reading: Reading, heard_s: float) -> None:
        """Take note of a reading of all that was heard, ``heard_s`` long.

        One that contradicts what was agreed gives new times to those words that it confirms, no more.
        """
        alike = _alike(self.agreed, reading.spoken)
        if alike < len(self.agreed):
            self.agreed = (*reading.spoken[:alike], *self.agreed[alike:])
            return
        common = _alike(self._latest, reading.spoken)
        safe = sum(spoken.word.end <= heard_s - self._edge_s for spoken in reading.spoken)
        self.agreed = reading.spoken[: max(alike, min(common, safe))]
        self._latest = reading.spoken

    @property
    def agreed_s(self) -> float:
        """When the last agreed word ends; 0 without one."""
        return self.agreed[-1].word.end if self.agreed else 0.0

    def not_within(self, seconds: float) -> float:
        """``seconds``, or the start of the word, agreed on or not, that is being said then."""
        words = (spoken.word for spoken in self._known)
        return next((word.start for word in words if word.start < seconds < word.end), seconds)

    def leave(self, seconds: float) -> tuple[Spoken, ...]:
        """The words that are lost, agreed on or not, when the window begins ``seconds`` later.

        Those that stay, and their times, count from there.
        """
        known = self._known
        gone = next((i for i, spoken in enumerate(known) if spoken.word.end > seconds), len(known))
        self.agreed = tuple(spoken.later(-seconds) for spoken in self.agreed[gone:])
        self._latest = tuple(spoken.later(-seconds) for spoken in self._latest[gone:])
        return known[:gone]

    @property
    def _known(self) -> tuple[Spoken, ...]:
        return (*self.agreed, *self._latest[len(self.agreed) :])


def _alike(a: Sequence[Spoken], b: Sequence[Spoken]) -> int:
    """How many words both begin with."""
    pairs = zip(a, b, strict=False)
    return next((i for i, (x, y) in enumerate(pairs) if x.word.text != y.word.text), min(len(a), len(b)))

"""A voice that lets what is more urgent on its device go before all but its first sound."""

from __future__ import annotations

from collections.abc import Iterator

from models.sharing.board import Seat
from models.sharing.precedence import Need
from voicecore.ports import Tts
from voicecore.types import SpeechChunk


class SharingTts:
    """``ports.Tts`` over another one."""

    def __init__(self, tts: Tts, seat: Seat) -> None:
        self._tts = tts
        self._seat = seat

    def warm(self) -> None:
        """As the other one."""
        warm = getattr(self._tts, "warm", None)
        if warm is not None:
            warm()

    def synthesize(self, text: str) -> Iterator[SpeechChunk]:
        """See ``ports.Tts``: the same chunks."""
        chunks = iter(self._tts.synthesize(text))
        try:
            with self._seat.urgent():
                chunk = next(chunks, None)
            while chunk is not None:
                yield chunk
                self._seat.give_way(Need.FLOWING)
                chunk = next(chunks, None)
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()

"""Whisper behind the port of recognisers: one model, many utterances, read together."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import cast

from models.asr_whisper import calibration
from models.asr_whisper.batcher import Batcher, Job, Manner
from models.asr_whisper.prompt import Prompter
from models.asr_whisper.reader import Device, Reader
from models.asr_whisper.reading import Reading, Window
from models.asr_whisper.settings import Settings
from models.asr_whisper.utterance import Means, Ticket, Utterance
from models.asr_whisper.windows import Windows
from models.sharing.board import Seat
from voicecore.errors import EngineError
from voicecore.types import Expectation

_COMPANY = {"cpu": Manner(most=4), "cuda": Manner(most=32, ride=True)}
"""How readings are put together. A batch on a CPU takes nearly as long as its members one by one."""


class WhisperAsr:
    """``ports.Asr``: Radford et al. 2022 on CTranslate2, with partials by local agreement.

    Utterances are read in windows as short as is sound, batched over calls; ends of turns come first.
    """

    def __init__(
        self,
        folder: Path,
        device: str = "cpu",
        compute: str | None = None,
        language: str = "en",
        threads: int = 0,
        settings: Settings | None = None,
        seat: Seat | None = None,
    ) -> None:
        """``folder`` holds a converted model; ``device``, ``compute``, ``threads``: see ``reader.Device``;
        ``seat``: at the device's board, where it is shared.

        Raises EngineError (``model-*``, ``device-missing``), ConfigError (``bad-device``,
        ``unknown-language``, ``bad-windows``).
        """
        self._settings = settings or Settings()
        windows = Windows(self._settings.windows_s, self._settings.margin_s, self._settings.final_window_s)
        where = Device(device, compute, threads)
        self.reader = Reader(folder, language, where)
        prompter = Prompter(self.reader.tokens.encode, language, self._settings.prompt_tokens)
        manner = _COMPANY[device.partition(":")[0]]
        self._batcher = Batcher(self.reader.read, manner, where.at_once, seat=seat)
        known = calibration.load(folder)
        self._means = Means(self, prompter, windows, known, self._settings, self.reader.bins)
        self._lock = threading.Lock()
        self._open = 0

    def open(self, expectation: Expectation) -> Utterance:
        """Start an utterance. Raises EngineError("asr-busy") when there are too many."""
        with self._lock:
            if self._open >= self._settings.streams:
                raise EngineError("asr-busy", f"{self._open} utterances are open already")
            self._open += 1
        return Utterance(self._means, expectation, self._closed_one)

    def ask(self, window: Window, urgent: bool) -> Ticket:
        """Have a window read, together with others. Raises EngineError("asr-closed")."""
        return self._batcher.submit(window, window.key, urgent)

    def withdraw(self, ticket: Ticket) -> None:
        """Nobody waits for it any more."""
        self._batcher.withdraw(cast("Job[Window, Reading]", ticket))

    def close(self) -> None:
        """Finish what is being read; what waits fails with EngineError("asr-closed")."""
        self._batcher.close()

    def _closed_one(self) -> None:
        with self._lock:
            self._open -= 1

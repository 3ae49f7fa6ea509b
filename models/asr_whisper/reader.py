"""Whisper on CTranslate2: reads several windows of sound in one go, with word times."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np

from models.asr_whisper.reading import FRAMES_PER_S, Reading, Spoken, Window
from models.asr_whisper.tokens import Piece, Tokens
from voicecore.errors import ConfigError, EngineError
from voicecore.types import Floats, Word

_STEP_S = 0.02
"""Time between two outputs of the encoder."""
_RANGE = 0.75
"""30 dB, in the units of a scaled log-mel."""
_LEAST_PROBABILITY = 1e-10
_MOST_POSITIONS = 448
_TYPES = {"cpu": "int8", "cuda": "int8_float16"}


@dataclass(frozen=True, slots=True)
class Device:
    """Where and how the model computes."""

    name: str = "cpu"
    """"cpu", "cuda" or "cuda:N"."""
    compute: str | None = None
    """"int8", "int8_float16", "float16", ...; None: int8, on a GPU with float16 around it."""
    threads: int = 0
    """Per reading, CPU only; 0: all cores but one, which the media path needs."""
    at_once: int = 2
    """Readings side by side."""


class Reader:
    """One model. Safe to use from several threads, ``Device.at_once`` of which really work."""

    def __init__(self, folder: Path, language: str = "en", device: Device | None = None) -> None:
        """``folder`` holds ``model.bin``, ``config.json``, the vocabulary and ``tokenizer.json``.

        Raises EngineError (``model-missing``, ``model-broken``, ``device-missing``), ConfigError
        (``bad-device``, ``unknown-language``).
        """
        self._model = _load(folder, device or Device())
        self.bins: int = self._model.n_mels
        self.tokens = Tokens(folder, language, self._model.is_multilingual)

    def read(self, windows: Sequence[Window]) -> list[Reading]:
        """What is said in each of ``windows``, which share one key; greedy.

        Raises EngineError("asr-failed").
        """
        try:
            return self._read(windows)
        except (RuntimeError, ValueError) as exc:
            raise EngineError("asr-failed", f"reading {len(windows)} windows: {exc}") from exc

    def _read(self, windows: Sequence[Window]) -> list[Reading]:
        mel = np.stack([window.mel for window in windows])
        heard = self._model.encode(ctranslate2.StorageView.from_array(mel))
        wanted = max(window.tokens for window in windows)
        longest = len(windows[0].prompt) + len(self.tokens.start) + 1
        results = self._model.generate(
            heard,
            [self.tokens.prompt(window.prompt, window.prefix) for window in windows],
            beam_size=1,
            # It counts what the decoder is given, and allows half of it, or the rest, to be new.
            max_length=min(_MOST_POSITIONS, max(2 * wanted, wanted + longest)),
            return_scores=True,
            return_no_speech_prob=True,
        )
        rows = [
            [token for token in result.sequences_ids[0] if token < self.tokens.end][: window.tokens]
            for result, window in zip(results, windows, strict=True)
        ]
        sound = [max(2, min(window.sound, mel.shape[2])) for window in windows]
        # It puts <|notimestamps|> after the start itself.
        aligned = self._model.align(heard, list(self.tokens.start[:-1]), rows, sound)
        return [
            self._reading(row, alignment, result.no_speech_prob, loud(window.mel[:, : window.sound]))
            for row, alignment, result, window in zip(rows, aligned, results, windows, strict=True)
        ]

    def _reading(
        self, row: list[int], alignment: Any, no_speech: float, within: tuple[float, float]
    ) -> Reading:
        """``alignment``: pairs of a token's index and a time step, both rising; the tokens' probabilities."""
        sure = [max(p, _LEAST_PROBABILITY) for p in alignment.text_token_probs]
        begins = dict[int, int]()
        for token, step in alignment.alignments:
            begins.setdefault(token, step)
        last = alignment.alignments[-1][1] if alignment.alignments else 0
        spoken = tuple(
            Spoken(_word(piece, begins, last, sure, within), tuple(row[piece.first : piece.end]))
            for piece in self.tokens.words(row)
        )
        return Reading(spoken, self.tokens.decode(row).strip(), no_speech, _mean_log(sure))


def loud(mel: Floats) -> tuple[float, float]:
    """From when to when, in seconds, there is sound within 30 dB of the loudest.

    The alignment always begins at the window's first frame; no word does before there is a voice.
    """
    if not mel.shape[1]:
        return 0.0, 0.0
    level = mel.max(axis=0)
    frames = np.flatnonzero(level >= level.max() - _RANGE)
    return int(frames[0]) / FRAMES_PER_S, (int(frames[-1]) + 1) / FRAMES_PER_S


def _word(
    piece: Piece, begins: dict[int, int], last: int, sure: Sequence[float], within: tuple[float, float]
) -> Word:
    edges = (begins.get(index, last) * _STEP_S for index in (piece.first, piece.end))
    start, end = (min(max(edge, within[0]), within[1]) for edge in edges)
    return Word(piece.text, start, max(start, end), exp(_mean_log(sure[piece.first : piece.end])))


def _mean_log(probabilities: Sequence[float]) -> float:
    return sum(map(log, probabilities)) / len(probabilities) if probabilities else 0.0


def _load(folder: Path, device: Device) -> Any:
    name, _, index = device.name.partition(":")
    if name not in _TYPES or (index and not index.isdigit()):
        raise ConfigError("bad-device", f"the device is cpu, cuda or cuda:N, not {device.name!r}")
    if not (folder / "model.bin").is_file():
        message = f"{folder / 'model.bin'} is not there; voicecore models pull gets models"
        raise EngineError("model-missing", message, file=str(folder / "model.bin"))
    if name == "cuda" and ctranslate2.get_cuda_device_count() <= int(index or 0):
        raise EngineError("device-missing", f"CTranslate2 sees no {device.name}", device=device.name)
    try:
        return ctranslate2.models.Whisper(
            str(folder),
            device=name,
            device_index=int(index or 0),
            compute_type=device.compute or _TYPES[name],
            inter_threads=device.at_once,
            intra_threads=device.threads or max(1, (os.cpu_count() or 1) - 1),
        )
    except (RuntimeError, ValueError) as exc:
        raise EngineError("model-broken", f"{folder}: {exc}", folder=str(folder)) from exc

"""Piper's voices: VITS, its encoder run once per part and its decoder in pieces, the first one short."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.espeak import Group
from models.tts_onnx.derived import Derived
from models.tts_onnx.network import Ints, Network, pieces, take_apart
from models.tts_onnx.text import Parting
from models.tts_onnx.voice import Rendering
from voicecore.errors import ConfigError, EngineError

BEGIN, END, PAD = "^", "$", "_"
PARTING = Parting(clauses=False, first=1, growth=1.0, most=320)
"""A sentence at a time, as the voices were trained."""


@dataclass(frozen=True, slots=True)
class VitsConfig:
    """What stands in a voice's ``.onnx.json``, as far as it is needed to speak."""

    rate: int
    language: str
    symbols: Mapping[str, Sequence[int]]
    noise: float
    length: float
    noise_w: float
    speakers: int
    speaker_ids: Mapping[str, int]

    @classmethod
    def read(cls, file: Path) -> VitsConfig:
        """Raises EngineError (``model-missing``, ``model-broken``, ``model-unsupported``)."""
        try:
            data: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            inference = data.get("inference", {})
            kind = data.get("phoneme_type", "espeak")
            config = cls(
                rate=int(data["audio"]["sample_rate"]),
                language=str(data["espeak"]["voice"]),
                symbols={str(k): [int(i) for i in ids] for k, ids in data["phoneme_id_map"].items()},
                noise=float(inference.get("noise_scale", 0.667)),
                length=float(inference.get("length_scale", 1.0)),
                noise_w=float(inference.get("noise_w", 0.8)),
                speakers=int(data.get("num_speakers", 1)),
                speaker_ids={str(k): int(v) for k, v in data.get("speaker_id_map", {}).items()},
            )
        except FileNotFoundError as exc:
            raise EngineError("model-missing", f"{file} is not there", file=str(file)) from exc
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
            raise EngineError("model-broken", f"{file} is no voice's description: {exc!r}") from exc
        if kind != "espeak":
            message = f"{file}: phonemes of type {kind!r}; known: 'espeak'"
            raise EngineError("model-unsupported", message, kind=kind)
        if not {BEGIN, END, PAD} <= config.symbols.keys():
            raise EngineError("model-broken", f"{file}: phoneme_id_map lacks {BEGIN}, {END} or {PAD}")
        return config

    def speaker(self, name: str) -> int:
        """The speaker called ``name``: as the file has it, by number, or a language for the first one.

        Raises ConfigError("unknown-voice").
        """
        if name in self.speaker_ids:
            return self.speaker_ids[name]
        if name.isdecimal() and int(name) < self.speakers:
            return int(name)
        if name.partition("-")[0] == self.language.partition("-")[0]:
            return 0
        known = ", ".join([self.language, *list(self.speaker_ids)[:20]])
        raise ConfigError("unknown-voice", f"no speaker {name!r} in this voice; known: {known}", voice=name)


class VitsVoice:
    """``voice.Voice``: one speaker of a Piper model on the CPU or a GPU."""

    parting = PARTING
    tie = ""

    def __init__(self, model: Path, name: str, threads: int = 1, device: str = "cpu") -> None:
        """``model``: a ``.onnx`` with its ``.onnx.json`` beside it; the first time, it is taken apart.

        Raises EngineError (``model-*``, ``device-missing``), ConfigError (``unknown-voice``, ``bad-device``).
        """
        self._config = VitsConfig.read(model.with_name(model.name + ".json"))
        self._speaker = self._config.speaker(name)
        self.derived = Derived(model)
        folder = self.derived.folder("split", lambda work: take_apart(model, self._trial(), work))
        self._network = Network(folder, threads, device)
        self.rate = self._config.rate
        self.language = self._config.language
        self.identity = f"{self.derived.identity}/{self._speaker}"

    def render(self, groups: Sequence[Group], speed: float) -> Rendering:
        """See ``voice.Voice``; the encoder has run when this returns."""
        ids, firsts = self.symbols(groups)
        config = self._config
        scales = (config.noise, config.length / speed, config.noise_w)
        values = self._network.encode(ids, scales, self._speaker)
        edges = self._network.edges(values, len(ids)) * self._network.hop
        frames = self._network.frames(values)
        sounds = self._network.decode(values, pieces(frames))
        return Rendering([int(edges[first]) for first in firsts], frames * self._network.hop, sounds)

    def symbols(self, groups: Sequence[Group]) -> tuple[Ints, list[int]]:
        """The ids of what is said, a pad after each, and where among them each group begins.

        Letters that the voice does not know are left out.
        """
        known = self._config.symbols
        ids = [*known[BEGIN], *known[PAD]]
        firsts = []
        for nth, group in enumerate(groups):
            for letter in " " if nth else "":
                ids += [*known.get(letter, ()), *known[PAD]]
            firsts.append(len(ids))
            for letter in unicodedata.normalize("NFD", group.ipa + group.terminator):
                if letter in known:
                    ids += [*known[letter], *known[PAD]]
        return np.array([*ids, *known[END]], np.int64), firsts

    def _trial(self) -> Ints:
        """Symbols to try the voice with."""
        known = [number for numbers in self._config.symbols.values() for number in numbers]
        return np.array((known * 120)[:120], np.int64)

"""Piper's voices: VITS, its encoder run once per part and its decoder in pieces, the first one short."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.espeak import Group
from models.session import open_session
from models.tts_onnx.derived import Derived
from models.tts_onnx.text import Parting
from models.tts_onnx.voice import Rendering
from voicecore.errors import ConfigError, EngineError
from voicecore.types import Floats

BEGIN, END, PAD = "^", "$", "_"
FIRST = 24
"""Frames in the first piece (0.28 s of sound for most voices) ..."""
MOST = 128
"""... and in the longest: each has twice those before it, and is made while that is heard."""
PARTING = Parting(clauses=False, first=1, growth=1.0, most=320)
"""A sentence at a time, as the voices were trained."""


@dataclass(frozen=True, slots=True)
class VitsConfig:
    """What stands in a voice's ``.onnx.json``, as far as it is needed to speak."""

    rate: int
    language: str
    symbols: Mapping[str, Sequence[int]]
    by_letter: bool
    """The voice takes letters instead of phonemes."""
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
                by_letter=kind == "text",
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
        if kind not in ("espeak", "text"):
            raise EngineError("model-unsupported", f"{file}: phonemes of type {kind!r}", kind=kind)
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
        folder = self.derived.folder("split", lambda work: _write_split(model, work))
        self._facts: dict[str, Any] = json.loads((folder / "split.json").read_text(encoding="utf-8"))
        self._encoder = open_session(folder / "encoder.onnx", threads=threads, device=device)
        self._decoder = open_session(folder / "decoder.onnx", threads=threads, device=device)
        self._has_speakers = any(value.name == "sid" for value in self._encoder.get_inputs())
        self.rate = self._config.rate
        self.language = self._config.language
        self.identity = f"{self.derived.identity}/{self._speaker}"

    def render(self, groups: Sequence[Group], speed: float) -> Rendering:
        """See ``voice.Voice``; the encoder has run when this returns."""
        ids, firsts = self.symbols(groups)
        latent, context, durations = self._encode(ids, speed)
        frames = latent.shape[2]
        edges = np.concatenate([[0], np.cumsum(durations)]) if durations is not None else None
        if edges is None or round(float(edges[-1])) != frames:
            edges = np.linspace(0, frames, len(ids) + 1)
        hop = int(self._facts["hop"])
        starts = [int(edges[first] * hop) for first in firsts]
        return Rendering(starts, frames * hop, self.decode(latent, context, pieces(frames)))

    def symbols(self, groups: Sequence[Group]) -> tuple[npt.NDArray[np.int64], list[int]]:
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

    def _encode(
        self, ids: npt.NDArray[np.int64], speed: float
    ) -> tuple[Floats, dict[str, Floats], Floats | None]:
        """The decoder's input [1, channels, frames], what else it wants, and the frames per id [ids]."""
        config, facts = self._config, self._facts
        scales = np.array([config.noise, config.length / speed, config.noise_w], np.float32)
        feeds: dict[str, Any] = {"input": ids[None], "input_lengths": np.array([len(ids)]), "scales": scales}
        if self._has_speakers:
            feeds["sid"] = np.array([self._speaker], np.int64)
        names = [facts["latent"], *facts["context"], *filter(None, [facts["durations"]])]
        try:
            made = dict(zip(names, self._encoder.run(names, feeds), strict=True))
        except Exception as exc:  # onnxruntime's own exceptions share no narrower base
            raise EngineError("tts-failed", f"the voice's encoder gave up: {exc}") from exc
        durations = made[facts["durations"]].reshape(-1) if facts["durations"] else None
        return made[facts["latent"]], {name: made[name] for name in facts["context"]}, durations

    def decode(
        self, latent: Floats, context: Mapping[str, Floats], spans: Sequence[tuple[int, int]]
    ) -> Iterator[Floats]:
        """The sound of each span of frames, float32 [span * hop]: the same samples however it is parted."""
        hop, margin = int(self._facts["hop"]), int(self._facts["margin"])
        for start, end in spans:
            low, high = max(0, start - margin), min(latent.shape[2], end + margin)
            feeds = {self._facts["latent"]: np.ascontiguousarray(latent[:, :, low:high]), **context}
            try:
                (sound,) = self._decoder.run(None, feeds)
            except Exception as exc:  # onnxruntime's own exceptions share no narrower base
                raise EngineError("tts-failed", f"the voice's decoder gave up: {exc}") from exc
            yield sound.reshape(-1)[(start - low) * hop : (end - low) * hop]


def pieces(frames: int, first: int = FIRST, most: int = MOST) -> list[tuple[int, int]]:
    """Spans that make up ``frames``, each twice as long as the one before up to ``most``."""
    spans = []
    start, size = 0, first
    while start < frames:
        end = min(frames, start + size)
        spans.append((start, end))
        start, size = end, min(2 * size, most)
    return spans


def _write_split(model: Path, folder: Path) -> None:
    """Encoder, decoder and what is known of the two."""
    import onnx  # noqa: PLC0415  only the first start of a voice needs it

    from models.tts_onnx.graph import split_vits  # noqa: PLC0415

    try:
        whole = onnx.load(model)
    except Exception as exc:  # protobuf's and onnx's own exceptions share no narrower base
        raise EngineError("model-broken", f"{model} does not load: {exc}", file=str(model)) from exc
    split = split_vits(whole)
    onnx.save(split.encoder, folder / "encoder.onnx")
    onnx.save(split.decoder, folder / "decoder.onnx")
    facts = {name: getattr(split, name) for name in ("latent", "context", "durations", "hop", "margin")}
    (folder / "split.json").write_text(json.dumps(facts), encoding="utf-8")

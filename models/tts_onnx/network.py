"""A VITS voice taken apart: its encoder run once for a text, its other stages in pieces, the first short."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.session import open_session
from voicecore.errors import EngineError
from voicecore.types import Floats

FIRST = 24
"""Frames in the first piece (0.28 s of sound for most voices) ..."""
MOST = 128
"""... and in the longest: each has twice those before it, and is made while that is heard."""
EXACT = 1e-4
"""Of full scale: what pieces may differ from the whole, for voices whose sums come out in another order."""
QUIET = (0.0, 1.0, 0.0)
"""Scales without noise: with them a voice as published repeats itself."""
Ints = npt.NDArray[np.int64]


class Network:
    """What ``take_apart`` wrote, opened. For any number of threads."""

    def __init__(self, folder: Path, threads: int = 1, device: str = "cpu") -> None:
        """Raises EngineError (``model-broken``, ``device-missing``), ConfigError("bad-device")."""
        facts: dict[str, Any] = json.loads((folder / "split.json").read_text(encoding="utf-8"))
        self._durations: str | None = facts["durations"]
        self._encoder = open_session(folder / "encoder.onnx", threads=threads, device=device)
        self._stages = [
            _Stage(open_session(folder / stage.pop("file"), threads=threads, device=device), **stage)
            for stage in facts["stages"]
        ]
        self._wants = {value.name for value in self._encoder.get_inputs()}
        self.hop = self._stages[-1].hop
        """Samples per frame."""

    def encode(self, ids: Ints, scales: tuple[float, float, float], speaker: int = 0) -> dict[str, Floats]:
        """All that the stages want, by name. ``scales``: of noise, of length, of the durations' noise.

        Raises EngineError("tts-failed").
        """
        feeds = _feeds(ids, scales, speaker)
        names = [value.name for value in self._encoder.get_outputs()]
        try:
            made = self._encoder.run(names, {name: feeds[name] for name in feeds.keys() & self._wants})
        except Exception as exc:  # onnxruntime's own exceptions share no narrower base
            raise EngineError("tts-failed", f"the voice's encoder gave up: {exc}") from exc
        return dict(zip(names, made, strict=True))

    def frames(self, values: Mapping[str, Floats]) -> int:
        """How many there are of what ``encode`` made."""
        return int(values[self._stages[0].latent].shape[2])

    def edges(self, values: Mapping[str, Floats], symbols: int) -> npt.NDArray[np.float64]:
        """The frame at which each symbol begins, and the end: [symbols + 1].

        Evenly spaced in a voice that does not tell its durations.
        """
        durations = values[self._durations].reshape(-1) if self._durations else np.zeros(0)
        edges = np.concatenate([[0.0], np.cumsum(durations)])
        told = len(durations) == symbols and round(float(edges[-1])) == self.frames(values)
        return edges if told else np.linspace(0, self.frames(values), symbols + 1)

    def decode(self, values: Mapping[str, Floats], spans: Sequence[tuple[int, int]]) -> Iterator[Floats]:
        """The sound of each span of frames, float32 [n]: the same samples however it is parted.

        ``spans`` follow on one another from 0 on. Each stage makes what the next one needs of it for a
        span. Raises EngineError("tts-failed").
        """
        *before, last = self._stages
        frames = self.frames(values)
        made = dict(values)
        ready = 0
        for start, end in spans:
            needed = min(frames, end + last.margin)
            for stage in before:
                fresh = stage.run(made, ready, needed, frames)
                known = made.get(last.latent)
                made[last.latent] = fresh if known is None else np.concatenate([known, fresh], axis=2)
            ready = needed
            yield last.run(made, start, end, needed).reshape(-1)


@dataclass(frozen=True, slots=True)
class _Stage:
    """See ``graph.Stage``."""

    session: Any
    latent: str
    context: Sequence[str]
    hop: int
    margin: int

    def run(self, values: Mapping[str, Floats], start: int, end: int, frames: int) -> Floats:
        """What it makes of the frames from ``start`` to ``end``, of which ``frames`` are known."""
        low, high = max(0, start - self.margin), min(frames, end + self.margin)
        feeds = {}
        for name in (self.latent, *self.context):
            whole = values[name]
            feeds[name] = whole if whole.shape[-1] == 1 else np.ascontiguousarray(whole[..., low:high])
        try:
            (made,) = self.session.run(None, feeds)
        except Exception as exc:  # onnxruntime's own exceptions share no narrower base
            raise EngineError("tts-failed", f"the voice's decoder gave up: {exc}") from exc
        wanted: Floats = made[..., (start - low) * self.hop : (end - low) * self.hop]
        return wanted


def pieces(frames: int, first: int = FIRST, most: int = MOST) -> list[tuple[int, int]]:
    """Spans that make up ``frames``, each twice as long as the one before up to ``most``."""
    spans = []
    start, size = 0, first
    while start < frames:
        end = min(frames, start + size)
        spans.append((start, end))
        start, size = end, min(2 * size, most)
    return spans


def take_apart(model: Path, ids: Ints, folder: Path) -> None:
    """Write the parts of ``model`` into ``folder``, and prove on ``ids`` that in pieces they make the same.

    Where the flow cannot be run in pieces it stays with the encoder. Raises EngineError (``model-broken``,
    ``model-unsupported``).
    """
    import onnx  # noqa: PLC0415  only the first start of a voice needs it

    from models.tts_onnx.graph import split_vits  # noqa: PLC0415

    try:
        whole = onnx.load(model)
    except Exception as exc:  # protobuf's and onnx's own exceptions share no narrower base
        raise EngineError("model-broken", f"{model} does not load: {exc}", file=str(model)) from exc
    faults = []
    for before_flow in (True, False):
        copy = onnx.ModelProto()
        copy.CopyFrom(whole)
        try:
            split = split_vits(copy, before_flow)
            stages = [_written(stage, folder / f"stage{nth}.onnx") for nth, stage in enumerate(split.stages)]
            onnx.save(split.encoder, folder / "encoder.onnx")
            facts = {"durations": split.durations, "stages": stages}
            (folder / "split.json").write_text(json.dumps(facts), encoding="utf-8")
            error = _error(model, Network(folder), ids)
            if error <= EXACT:
                return
            faults.append(f"pieces are off by {error:.2g}")
        except EngineError as exc:
            faults.append(str(exc))
    raise EngineError("model-unsupported", f"{model}: {'; '.join(faults)}", file=str(model))


def _written(stage: Any, file: Path) -> dict[str, Any]:
    """Save a ``graph.Stage``; what is to be known of it."""
    import onnx  # noqa: PLC0415

    onnx.save(stage.model, file)
    facts = {name: getattr(stage, name) for name in ("latent", "context", "hop", "margin")}
    return {"file": file.name, **facts}


def _error(model: Path, network: Network, ids: Ints) -> float:
    """How far pieces are from what ``model`` makes in one run, without its noise, at most."""
    values = network.encode(ids, QUIET)
    parted = np.concatenate(list(network.decode(values, pieces(network.frames(values)))))
    try:
        session = open_session(model)
        wants = {value.name for value in session.get_inputs()}
        feeds = _feeds(ids, QUIET, 0)
        whole = session.run(None, {name: feeds[name] for name in feeds.keys() & wants})[0].reshape(-1)
    except Exception as exc:  # onnxruntime's own exceptions share no narrower base
        raise EngineError("model-broken", f"{model} does not run: {exc}", file=str(model)) from exc
    return float(np.abs(whole - parted).max()) if len(whole) == len(parted) else 1.0


def _feeds(ids: Ints, scales: tuple[float, float, float], speaker: int) -> dict[str, Any]:
    """All that a Piper voice may want, by the names of Piper's exports."""
    feeds = {"input": ids[None], "input_lengths": np.array([len(ids)]), "sid": np.array([speaker])}
    return feeds | {"scales": np.array(scales, np.float32)}

"""Turns the model's own probability of a word into the share of such words that are right."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from math import exp, log
from pathlib import Path

import numpy as np

from voicecore.errors import EngineError
from voicecore.types import Transcript

FILE = "calibration.json"
"""Lies beside the weights that it was fitted for."""
_LEAST = 1e-6


@dataclass(frozen=True, slots=True)
class Calibration:
    """Platt's scaling (1999) of the log odds. Fitted to nothing, it leaves probabilities as they are."""

    slope: float = 1.0
    bias: float = 0.0
    words: int = 0
    """How many words it was fitted on; 0 when it was not."""

    def of(self, probability: float) -> float:
        """The probability, 0..1, that a word is right which the model gives ``probability``."""
        return 1 / (1 + exp(-(self.slope * _odds(probability) + self.bias)))

    def save(self, folder: Path) -> None:
        """Write it beside the weights in ``folder``."""
        (folder / FILE).write_text(json.dumps(asdict(self)), encoding="utf-8")


def load(folder: Path) -> Calibration:
    """The calibration of the model in ``folder``, if there is one. Raises EngineError("model-broken")."""
    file = folder / FILE
    if not file.is_file():
        return Calibration()
    try:
        return Calibration(**json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as exc:
        raise EngineError("model-broken", f"{file}: no calibration: {exc}", file=str(file)) from exc


def right_words(heard: Sequence[str], said: Sequence[str]) -> list[bool]:
    """Which of the words ``heard`` are among those really ``said``, in order."""
    right = [False] * len(heard)
    for block in SequenceMatcher(None, heard, said, autojunk=False).get_matching_blocks():
        right[block.a : block.a + block.size] = [True] * block.size
    return right


def fit_transcripts(pairs: Iterable[tuple[Transcript, str]]) -> Calibration:
    """The calibration from readings of an uncalibrated model and what was really said, in plain words.

    Raises ValueError as ``fit`` does, and for readings that were calibrated already.
    """
    probabilities, right = list[float](), list[bool]()
    for transcript, said in pairs:
        if transcript.calibrated:
            raise ValueError("these confidences were calibrated already")
        probabilities += [word.confidence for word in transcript.words]
        right += right_words([word.text for word in transcript.words], said.split())
    return fit(probabilities, right)


def fit(probabilities: Sequence[float], right: Sequence[bool]) -> Calibration:
    """The calibration that makes ``right`` most likely: Newton's method on the two parameters, with Platt's
    targets in place of 0 and 1. Raises ValueError unless there are both right and wrong words.
    """
    hits = sum(right)
    misses = len(right) - hits
    if not hits or not misses:
        raise ValueError("a calibration needs words that are right and words that are wrong")
    x = np.array([(_odds(p), 1.0) for p in probabilities])
    y = np.where(right, (hits + 1) / (hits + 2), 1 / (misses + 2))
    theta = np.zeros(2)
    for _ in range(50):
        p = 1 / (1 + np.exp(-(x @ theta)))
        curvature = x.T @ (x * (p * (1 - p))[:, None]) + 1e-6 * np.eye(2)
        step = np.linalg.solve(curvature, x.T @ (y - p))
        theta += step
        if np.abs(step).max() < 1e-9:
            break
    return Calibration(float(theta[0]), float(theta[1]), len(right))


def _odds(probability: float) -> float:
    p = min(max(probability, _LEAST), 1 - _LEAST)
    return log(p / (1 - p))

"""The benchmark ``engines``: what batching, reading ahead and short windows are worth; all engines."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks import engines_asr, engines_llm, engines_media, engines_sharing, engines_tts
from benchmarks.figures import Figure
from benchmarks.report import Plot

PARTS = (engines_llm, engines_media, engines_asr, engines_tts, engines_sharing)
UNWEIGHED = "none"
PROMISED = (
    "ttft_incremental_over_cold",
    "decode_batch8_over_1",
    "decode_batch8_over_llama_cpp",
    "cancel_steps",
    "scheduler_overhead",
    "whisper_short_over_padded",
    "logmel_over_numpy",
    "tts_first_audio_over_whole",
    "media_frames_missed",
)
"""The figures that come first."""


def run() -> list[Figure]:
    """All figures, one engine after the other; each says which weights it was measured with."""
    figures = [{"weights": UNWEIGHED} | figure for part in PARTS for figure in part.run()]
    return sorted(figures, key=_place)


def plots(figures: Sequence[Figure]) -> list[Plot]:
    """The engines' own plots."""
    return [plot for part in PARTS for plot in part.plots(figures)]


def _place(figure: Figure) -> int:
    """Promised ones first, in their order; ``sorted`` leaves the others as they are."""
    return PROMISED.index(figure["name"]) if figure["name"] in PROMISED else len(PROMISED)

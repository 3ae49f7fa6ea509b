"""A call as a score: both waveforms in rows of some seconds, with words, answers and gaps marked on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

import numpy as np

from voicecore.console.charts import envelope, svg, tag, text
from voicecore.types import RATE, AudibleTurn, Pcm

ROW_S = 15.0
_WIDTH, _LEFT, _RIGHT = 1200, 58, 12
_PX = (_WIDTH - _LEFT - _RIGHT) / ROW_S
"""Pixels per second."""
_COLUMN = 1.5
"""Pixels per waveform column."""
_CALLER, _AGENT, _HALF, _HEIGHT = 58, 126, 30, 190

Label = tuple[float, str]
"""(seconds, words)"""


def score(caller: Pcm, agent: Pcm, turns: Sequence[AudibleTurn], agent_says: Sequence[Label]) -> str:
    """Rows of both channels (int16 at ``RATE``, one clock), the caller above the agent.

    Between the end of a caller's line and the answer the gap is shaded, with its milliseconds; a
    cut-off is red. A click on a row seeks the page's audio player, if it has one.
    """
    length = max(len(caller), 1)
    loudest = [_loudest(caller), _loudest(agent)]
    rows = int(np.ceil(length / RATE / ROW_S))
    return "".join(_row(i * ROW_S, caller, agent, loudest, turns, agent_says) for i in range(rows))


def _row(
    start: float,
    caller: Pcm,
    agent: Pcm,
    loudest: Sequence[float],
    turns: Sequence[AudibleTurn],
    agent_says: Sequence[Label],
) -> str:
    end = min(start + ROW_S, len(caller) / RATE)
    out = [_grid(start), _gaps(start, turns)]
    for class_, pcm, middle, peak in (
        ("caller", caller, _CALLER, loudest[0]),
        ("agent", agent, _AGENT, loudest[1]),
    ):
        low, high = _extremes(pcm[round(start * RATE) : round(end * RATE)], peak)
        out.append(tag("path", class_=class_, d=envelope(low, high, _LEFT, _COLUMN, middle, _HALF)))
        out.append(text(_LEFT - 8, middle + 4, class_, "tick", "end"))
    said = [(turn.start, f"⌨ {turn.said}" if turn.kind == "dtmf" else turn.said) for turn in turns]
    out += _labels(start, said, 16, "said")
    out += _labels(start, agent_says, _HEIGHT - 20, "answered")
    area = tag(
        "rect",
        class_="seek",
        x=_LEFT,
        y=0,
        width=ROW_S * _PX,
        height=_HEIGHT,
        data_from=start,
        data_for=ROW_S,
    )
    return svg(_WIDTH, _HEIGHT, "".join([*out, area]), f"call from {start:g} to {end:g} seconds")


def _grid(start: float) -> str:
    out = []
    for second in range(int(ROW_S) + 1):
        x = _LEFT + second * _PX
        out.append(tag("line", class_="grid", x1=x, x2=x, y1=22, y2=_HEIGHT - 34))
        if second % 5 == 0:
            anchor = "end" if second == ROW_S else "middle"
            out.append(text(x, _HEIGHT - 4, f"{start + second:g} s", "tick", anchor))
    return "".join(out)


def _gaps(start: float, turns: Sequence[AudibleTurn]) -> str:
    """The silence between a line and its answer, or the overlap of a cut-off."""
    out = []
    for turn in turns:
        if turn.cut_off:
            left, right, name, words = turn.start, turn.end, "cutoff", "cut off"
        elif turn.answer is not None:
            left, right, name = turn.end, turn.answer, "gap"
            words = f"{(turn.answer - turn.end) * 1000:.0f}"
        else:
            continue
        a, b = max(left, start), min(right, start + ROW_S)
        if b <= a:
            continue
        x, width = _LEFT + (a - start) * _PX, (b - a) * _PX
        out.append(tag("rect", class_=name, x=x, y=26, width=width, height=_HEIGHT - 62))
        out.append(text(x + width / 2, (_CALLER + _AGENT) / 2 + 4, words, f"{name}text", "middle"))
    return "".join(out)


def _labels(start: float, labels: Sequence[Label], y: float, class_: str) -> Iterator[str]:
    """Words at their time, cut to the room before the next ones."""
    here = [label for label in labels if start <= label[0] < start + ROW_S]
    for i, (at, words) in enumerate(here):
        following = here[i + 1][0] if i + 1 < len(here) else start + ROW_S
        room = max(2, int((following - at) * _PX / 6.9))
        shown = words if len(words) <= room else words[: room - 1].rstrip() + "…"
        element = text(_LEFT + (at - start) * _PX, y, shown, class_)
        yield tag("g", tag("title", escape(words)) + element)


def _extremes(pcm: Pcm, peak: float) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest sample per column, relative to ``peak``."""
    per = max(1, round(RATE / _PX * _COLUMN))
    whole = np.concatenate([pcm, np.zeros(-len(pcm) % per, np.int16)]).reshape(-1, per)
    scaled = whole.astype(np.float32) / peak
    return scaled.min(axis=1), scaled.max(axis=1)


def _loudest(pcm: Pcm) -> float:
    """A peak to scale by, short bursts aside, so that a quiet channel can be seen as well."""
    return max(500.0, float(np.abs(pcm.astype(np.int32)).max(initial=0)))

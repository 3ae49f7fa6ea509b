"""When the appliance would stop for a sound, tick by tick, and when it should have."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.sounds import SPEECH_DBFS, Event, EventKind
from benchmarks.training.lines import BEFORE_S, Heard, Line
from models.sound_kinds import LEAD, LONGEST
from voicecore.config import TurnSettings
from voicecore.ports import SoundModel
from voicecore.turns.overlap import Judgement, Kind, Overlap, judge
from voicecore.turns.voicing import Voicing
from voicecore.types import TICK_MS

YIELDED_MS = 1500
"""An interruption that stopped the agent later than this was talked over."""
NOTICED_MS = 200
"""An agent that is silent for less has not fallen silent."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one sound over the agent's speech; ms since its first sample."""

    event: Event
    silent_ms: float
    """When the agent fell silent for good; infinite where it went on."""
    hushed_ms: int
    """How long it was silent in doubt, without stopping."""
    last: Judgement


def verdicts(
    settings: TurnSettings,
    model: SoundModel,
    sounds: Sequence[Event],
    heard: Sequence[tuple[Line, Heard]],
) -> Iterator[Verdict]:
    """The floor's own loop over lines that were heard, for a caller whose usual level is known."""
    for event, (line, ears) in zip(sounds, heard, strict=True):
        last, hushed, since, silent = Judgement(None), 0, math.nan, math.inf
        for ms, evidence in evidences(settings, model, line, ears):
            last = judge(settings, evidence)
            if last.kind is Kind.INTERRUPTION:
                silent = ms if math.isnan(since) else since
                break
            if last.hush:
                since = ms if math.isnan(since) else since
            elif not math.isnan(since):
                hushed, since = max(hushed, int(ms - since)), math.nan
        yield Verdict(event, silent, hushed, last)


def evidences(
    settings: TurnSettings, model: SoundModel, line: Line, heard: Heard
) -> Iterator[tuple[float, Overlap]]:
    """What is known at each tick of a sound on ``line``, with the time since its first sample."""
    voicing, usual_db = Voicing(settings), SPEECH_DBFS + line.gain_db
    first = int(BEFORE_S * 1000) // TICK_MS
    for tick, sound in enumerate(heard.sounds):
        now = (tick + 1) * TICK_MS / 1000
        speech = 0.0 if sound.echo >= settings.echo_correlation else sound.speech
        voicing.step(speech, sound.level_db, sound.noise_db, now, quick=True)
        if tick < first or voicing.run_ms < settings.duck_ms:
            continue
        begin = max(round(voicing.onset * 1000 / TICK_MS) - LEAD, 0)
        kinds = model.classify(heard.prosody[begin : tick + 1][:LONGEST])
        yield (
            (now - BEFORE_S) * 1000,
            Overlap(
                kinds=tuple(float(p) for p in kinds),
                run_ms=voicing.run_ms,
                gap_ms=voicing.gap_ms,
                speech=voicing.speech,
                over_usual_db=voicing.level_db - usual_db,
                echo=sound.echo,
                words="",
                agent_remaining_ms=math.inf,
                agent_into_ms=now * 1000,
            ),
        )


def table(judged: Sequence[Verdict]) -> Iterator[str]:
    """A line for each kind: how often the agent stopped, and how soon."""
    for kind in EventKind:
        mine = [verdict for verdict in judged if verdict.event.kind is kind]
        stopped = np.array([v.silent_ms for v in mine if v.silent_ms <= YIELDED_MS])
        fell = sum(v.silent_ms <= 1000 or v.hushed_ms >= NOTICED_MS for v in mine)
        times = " ".join(f"{ms:5.0f}" for ms in np.percentile(stopped, (5, 50, 95))) if len(stopped) else ""
        yield (
            f"{kind:13} {len(mine):4} sounds, stopped {len(stopped) / len(mine):.3f}, "
            f"silent within 1 s {fell / len(mine):.3f}, p5 p50 p95 ms {times}"
        )

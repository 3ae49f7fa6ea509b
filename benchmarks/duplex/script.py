"""What a caller of the benchmark does, in which order: the same for every system, from a seed. Pure."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from typing import Literal

from benchmarks.duplex.metrics import Kind
from voicecore.types import Pcm

During = Literal["speech", "silence"]
"""While the agent speaks, or is silent."""
Question = Literal["open", "digits"]


@dataclass(frozen=True, slots=True)
class Clip:
    """A sound of a caller: clean, int16 at ``RATE``, from first to last voiced sample."""

    kind: Kind
    name: str
    voice: str
    pcm: Pcm
    human: bool = True
    """Recorded from a person, not synthesised."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What the line does to the sound."""

    name: str
    snr_db: float | None = None
    """Speech over background noise, None without noise."""
    loss: float = 0.0
    """Share of RTP packets lost, each way."""


CONDITIONS = (
    Condition("clean"),
    Condition("SNR 20 dB", snr_db=20.0),
    Condition("SNR 10 dB", snr_db=10.0),
    Condition("3 % packet loss", loss=0.03),
)


@dataclass(frozen=True, slots=True)
class Step:
    """Make this sound once the agent has spoken, or been silent, for ``after_s``."""

    clip: Clip
    during: During
    after_s: float


@dataclass(frozen=True, slots=True)
class Script:
    """One call. ``spares`` are turns for when the agent is silent and should not be."""

    name: str
    voice: str
    condition: Condition
    steps: tuple[Step, ...]
    spares: tuple[Clip, ...]
    question: Question
    seed: int


_ORDER: tuple[tuple[Kind, During], ...] = (
    (Kind.BACKCHANNEL, "speech"),
    (Kind.TIC, "speech"),
    (Kind.INTERRUPTION, "speech"),
    (Kind.ASIDE, "speech"),
    (Kind.BACKCHANNEL, "speech"),
    (Kind.INTERRUPTION, "speech"),
    (Kind.BACKCHANNEL, "speech"),
    (Kind.TIC, "speech"),
    (Kind.INTERRUPTION, "speech"),
    (Kind.ASIDE, "speech"),
    (Kind.BACKCHANNEL, "speech"),
    (Kind.INTERRUPTION, "speech"),
    (Kind.TIC, "speech"),
    (Kind.ASIDE, "speech"),
    (Kind.ASIDE, "silence"),
    (Kind.TIC, "silence"),
    (Kind.TURN, "silence"),
    (Kind.BACKCHANNEL, "speech"),
    (Kind.INTERRUPTION, "speech"),
)
"""A call: up to three sounds fit into one reply of the agent. Every other interruption is a whole turn."""
_SPARES = 16


def full_script(
    voice: str, condition: Condition, turns: Sequence[Clip], others: Mapping[Kind, Sequence[Clip]], seed: int
) -> Script:
    """A call with everything in it; ``turns`` are of one voice and said in their order, ``others`` of any."""
    name = f"{voice}, {condition.name}, {seed}"
    chance = random.Random(f"{seed} {name}")
    begin = chance.randrange(len(turns))
    pools: dict[Kind, Iterator[Clip]] = {Kind.TURN: cycle([*turns[begin:], *turns[:begin]])}
    pools |= {kind: _shuffled(clips, chance) for kind, clips in others.items()}
    whole = (replace(clip, kind=Kind.INTERRUPTION) for clip in pools[Kind.TURN])
    pools[Kind.INTERRUPTION] = _alternating(pools[Kind.INTERRUPTION], whole)
    steps = tuple(
        Step(next(pools[kind]), during, round(chance.uniform(0.7, 1.4), 2)) for kind, during in _ORDER
    )
    spares = tuple(next(pools[Kind.TURN]) for _ in range(_SPARES))
    return Script(name, voice, condition, steps, spares, "open", seed)


def digits_script(voice: str, condition: Condition, turns: Sequence[Clip], seed: int) -> Script:
    """A call in which numbers are read out one after the other."""
    steps = tuple(Step(clip, "silence", 0.5) for clip in turns)
    return Script(f"{voice}, {condition.name}, digits", voice, condition, steps, (), "digits", seed)


def _alternating(one: Iterator[Clip], other: Iterator[Clip]) -> Iterator[Clip]:
    while True:
        yield next(one)
        yield next(other)


def _shuffled(clips: Sequence[Clip], chance: random.Random) -> Iterator[Clip]:
    return cycle(chance.sample(list(clips), len(clips)))

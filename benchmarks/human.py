"""Recorded human prompts through a real SIP call: what the floor decides on them, and what is recognised."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from benchmarks.prompts import RATES, Band, Prompt
from sip.remote import SipEndpoint
from voicecore.audio import resample
from voicecore.config import SipSettings, TurnSettings
from voicecore.pipeline.ears import Ears, hear
from voicecore.ports import Asr, TurnModel, Vad
from voicecore.turns import Act, Features, Floor
from voicecore.turns.floor import Event
from voicecore.types import RATE, TICK, TICK_MS, CallEventKind, Expectation, MediaFrame, Pcm

Codec = Literal["G722", "PCMU"]
PAUSE_S = 2.0
_EVENT_S = 20.0
_PRE_ROLL_S = 0.4
_LONGEST_DELAY_S = 0.5


@dataclass(frozen=True, slots=True)
class Carried:
    """Prompts as they arrived at the far end of a call, each with its pause."""

    prompt: Prompt
    pcm: Pcm
    """From the first sample of the prompt, as it arrived, to the end of its pause."""
    speech_s: float
    """How long the prompt itself is, to its last audible sample."""


@dataclass(slots=True)
class Judged:
    """What the floor made of one prompt; seconds from its first sample."""

    commits: list[float] = field(default_factory=list)
    soft_ends: list[float] = field(default_factory=list)
    onset: float | None = None
    text: str = ""


async def carry(prompts: Sequence[Prompt], codec: Codec) -> list[Carried]:
    """Play the prompts into one call between two endpoints of ours; what the called side received."""
    band: Band = "wide" if codec == "G722" else "narrow"
    sounds = [_at_rate(prompt, band) for prompt in prompts]
    pause = np.zeros(round(PAUSE_S * RATE), np.int16)
    line = np.concatenate([pause, *(part for sound in sounds for part in (sound, pause))])
    received = await _through_sip(line, codec)
    delay = _delay(line, received)
    carried, at = [], len(pause) + delay
    for prompt, sound in zip(prompts, sounds, strict=True):
        loud = np.flatnonzero(np.abs(sound) > 328)
        end = at + len(sound) + len(pause)
        carried.append(Carried(prompt, received[at:end], (int(loud[-1]) + 1) / RATE))
        at = end
    return carried


def judge(carried: Carried, vad: Vad, turn: TurnModel, asr: Asr | None) -> Judged:
    """Run ears and floor over one prompt as a call would, and recognise each turn they find."""
    settings, ears, judged = TurnSettings(no_input_ms=60_000), Ears(vad), Judged()
    floor, probability, start, now = Floor(settings), None, 0, 0.0
    for tick in range(len(carried.pcm) // TICK):
        pcm = carried.pcm[tick * TICK : (tick + 1) * TICK]
        frame = MediaFrame(pcm, np.zeros(TICK, np.int16), 0, tick * TICK_MS * 1_000_000)
        sound = hear(vad, [(ears, frame)])[0]
        now = (tick + 1) * TICK / RATE
        features = Features(sound.speech, sound.level_db, sound.noise_db, sound.echo, probability)
        for act in floor.step(features, now):
            match act:
                case Act.OPEN_TURN:
                    judged.onset = judged.onset if judged.onset is not None else floor.onset
                    start = max(0, round((floor.onset - _PRE_ROLL_S) * RATE))
                case Act.START_EARLY_WORK:
                    judged.soft_ends.append(now)
                    probability = turn.probability(carried.pcm[start : (tick + 1) * TICK])
                case Act.DISCARD_EARLY_WORK:
                    probability = None
                case Act.COMMIT_TURN:
                    judged.commits.append(now)
                    if asr is not None:
                        judged.text += " " + _read(asr, carried.pcm[start : (tick + 1) * TICK])
                    floor.on(Event.NOTHING_TO_SAY)
                    probability = None
    judged.text = judged.text.strip()
    return judged


def _read(asr: Asr, pcm: Pcm) -> str:
    stream = asr.open(Expectation())
    stream.accept(pcm)
    return stream.finish().text


def _at_rate(prompt: Prompt, band: Band) -> Pcm:
    pcm = prompt.read(band)
    return pcm if RATES[band] == RATE else resample(pcm, RATES[band], RATE)


async def _through_sip(line: Pcm, codec: Codec) -> Pcm:
    """What the called side hears when the caller plays ``line``."""
    called = SipEndpoint(SipSettings(port=0, rtp_port=24_000, codecs=(codec,)))
    caller = SipEndpoint(SipSettings(port=0, rtp_port=25_000, codecs=(codec,), user="caller"))
    await called.start()
    await caller.start()
    try:
        out = caller.dial(f"sip:agent@127.0.0.1:{called.port}")
        event = await asyncio.wait_for(called.next_event(), _EVENT_S)
        back = called.call(event.call_id)
        back.answer()
        while (await asyncio.wait_for(caller.next_event(), _EVENT_S)).kind is not CallEventKind.ANSWERED:
            pass
        received: list[Pcm] = []
        written = 0
        wanted = len(line) // TICK + round(_LONGEST_DELAY_S * RATE) // TICK
        while len(received) < wanted:
            written += out.write(line[written : written + 10 * RATE])
            await asyncio.wait_for(called.tick(), _EVENT_S)
            received += [frame.caller for frame in back.read()]
            out.read()
        out.hangup()
        return np.concatenate(received)
    finally:
        await caller.stop()
        await called.stop()


def _delay(sent: Pcm, received: Pcm) -> int:
    """Samples by which ``received`` is late, from the cross-correlation of the envelopes at 1 ms."""
    step = RATE // 1000
    a, b = (
        np.abs(x[: len(x) // step * step].astype(float)).reshape(-1, step).mean(1) for x in (sent, received)
    )
    size = 1 << (len(a) + len(b)).bit_length()
    correlation = np.fft.irfft(np.fft.rfft(b, size) * np.conj(np.fft.rfft(a, size)), size)
    return int(np.argmax(correlation[: 5 * RATE // step])) * step

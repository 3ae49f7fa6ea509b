"""What all calls of an agent process share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from voicecore.config import AdmissionSettings, TurnSettings
from voicecore.pipeline.admission import Admission
from voicecore.pipeline.emergency import Emergency
from voicecore.pipeline.engines import Engines, Lanes
from voicecore.pipeline.feed import Feed
from voicecore.pipeline.recording import Recorder
from voicecore.pipeline.reply import Mind
from voicecore.pipeline.trust import Now, Trust
from voicecore.ports import Call, Store
from voicecore.turns import Floor
from voicecore.types import CallInfo

FloorMaker = Callable[[TurnSettings, Call], Floor]
"""Makes the floor of one call."""


def own_floor(turns: TurnSettings, _call: Call) -> Floor:
    """The floor of the product."""
    return Floor(turns)


TrustMaker = Callable[[CallInfo, Now, Recorder], Trust]
"""Makes what stands between one call and what it could tell or do; parts of the recording become silent."""


def no_trust(info: CallInfo, _now: Now, _recorder: Recorder) -> Trust:
    """For a call of which nothing leaves the machine's memory, such as a replay."""
    return Trust(info.id)


def plain_recorder(folder: Path, call_id: str) -> Recorder:
    """Records as WAV."""
    return Recorder(folder / f"{call_id}.wav")


@dataclass(frozen=True, slots=True)
class House:
    """What all calls of an agent process share."""

    engines: Engines
    lanes: Lanes
    mind: Callable[[], Mind]
    """A mind for a call that begins now (relative dates are read from that day)."""
    feed: Feed
    store: Store
    turns: TurnSettings
    floor: FloorMaker = own_floor
    """Makes the floor of a call; another one lets a benchmark compare ways of taking turns."""
    admission: Admission = field(default_factory=lambda: Admission(AdmissionSettings()))
    emergency: Emergency | None = None
    """For calls whose engines fail; without it they are hung up."""
    trust: TrustMaker = no_trust
    recorder: Callable[[Path, str], Recorder] = plain_recorder

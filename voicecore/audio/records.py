"""Media ticks as they travel through a capture ring, from the media process to the agent."""

from __future__ import annotations

import numpy as np

from voicecore.audio._ring import Ring
from voicecore.types import TICK, MediaFrame

RECORD = np.dtype(
    [("tick_ns", "u8"), ("played", "u8"), ("caller", np.int16, (TICK,)), ("agent", np.int16, (TICK,))]
)
"""One tick, as ``FrameBridge.on_received`` writes it: see ``MediaFrame`` for the fields."""
RECORD_BYTES = RECORD.itemsize


def read_frames(ring: Ring) -> list[MediaFrame]:
    """All complete ticks of a capture ring, oldest first; takes back the ring's wake-up before."""
    ring.clear()
    records = np.empty(ring.readable // RECORD_BYTES, RECORD)
    ring.read_into(records)
    return [
        MediaFrame(caller=caller, agent=agent, played=played, tick_ns=tick_ns)
        for tick_ns, played, caller, agent in zip(
            records["tick_ns"].tolist(),
            records["played"].tolist(),
            records["caller"],
            records["agent"],
            strict=True,
        )
    ]


def pack_frame(frame: MediaFrame) -> bytes:
    """The record of one tick, for whoever plays the media process's part without pjsua2."""
    record = np.zeros((), RECORD)
    record["tick_ns"], record["played"] = frame.tick_ns, frame.played
    record["caller"], record["agent"] = frame.caller, frame.agent
    return record.tobytes()

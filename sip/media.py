"""Audio of a call: pooled pjsua2 ports that only copy between the conference bridge and rings."""

from __future__ import annotations

import contextlib
from collections import deque
from typing import Any

from sip.stack import pj
from voicecore.audio import FrameBridge, Ring

RATE = 16_000
TICK_MS = 20
BINS = 256


class MediaPort(pj.AudioMediaPort):  # type: ignore[misc]
    """A conference port that carries one call's audio at a time; made once, kept to the end."""

    bridge: FrameBridge | None = None

    def __init__(self, name: str) -> None:
        super().__init__()
        form = pj.MediaFormatAudio()
        form.type = pj.PJMEDIA_TYPE_AUDIO
        form.clockRate = RATE
        form.channelCount = 1
        form.bitsPerSample = 16
        form.frameTimeUsec = TICK_MS * 1000
        self.createPort(name, form)

    def onFrameRequested(self, frame: Any) -> None:
        """pjsua2 wants 20 ms to transmit (media clock thread)."""
        bridge = self.bridge
        if bridge is not None:
            bridge.on_requested(frame)

    def onFrameReceived(self, frame: Any) -> None:
        """pjsua2 has 20 ms that were received (media clock thread)."""
        bridge = self.bridge
        if bridge is not None:
            bridge.on_received(frame)


class Line:
    """The audio path of one call: a port, its rings, and what it is connected to.

    The silent null device is connected all along, so that the call's clock ticks on through a hold.
    """

    def __init__(self, port: MediaPort, rings: tuple[Ring, Ring], silence: Any) -> None:
        self.port = port
        self.bridges = [FrameBridge(*rings)]
        """The last one is in use; a resumed call gets a new one, so that the hold counts as no late tick."""
        self._rings = rings
        self._silence = silence
        self._remote: Any = None
        port.bridge = self.bridges[0]
        silence.startTransmit(port)

    def open(self, remote: Any) -> None:
        """Let audio flow both ways; ``remote`` is the call's AudioMedia, a new one after each re-INVITE."""
        if self._remote is None:
            self.bridges.append(FrameBridge(*self._rings))
            self.port.bridge = self.bridges[-1]
        remote.startTransmit(self.port)
        self.port.startTransmit(remote)
        self._remote = remote

    def pause(self) -> None:
        """Hold: the caller's side is silence, playout waits."""
        if self._remote is not None:
            self._disconnect(self._remote)
            self._remote = None

    def close(self) -> None:
        """The call is over: the port ticks no more."""
        self.pause()
        with contextlib.suppress(pj.Error):
            self._silence.stopTransmit(self.port)
        self.port.bridge = None

    @property
    def longest_ms(self) -> float:
        """The longest time between two ticks of this call."""
        return max((bridge.longest_interval_ms for bridge in self.bridges), default=0.0)

    def _disconnect(self, remote: Any) -> None:
        for source, sink in ((remote, self.port), (self.port, remote)):
            with contextlib.suppress(pj.Error):  # the far port may be gone, and the connection with it
                source.stopTransmit(sink)


class LinePool:
    """Ports for all calls of the process, handed out longest-idle first; and their clock statistics."""

    def __init__(self) -> None:
        self._silence: Any = None
        self._idle: deque[MediaPort] = deque()
        self._open: list[Line] = []
        self._intervals = [0] * BINS
        self._longest_ms = 0.0

    def fill(self, size: int, silence: Any) -> None:
        """Make the ports; ``silence`` is the null sound device, whose clock drives them."""
        self._silence = silence
        self._idle.extend(MediaPort(f"line-{i}") for i in range(size))

    def clear(self) -> None:
        """Let go of all ports, before pjsua2 is destroyed."""
        self._silence = None
        self._idle.clear()
        self._open.clear()

    def take(self, rings: tuple[Ring, Ring]) -> Line:
        """A line for a new call. Raises IndexError when there are more calls than ports."""
        line = Line(self._idle.popleft(), rings, self._silence)
        self._open.append(line)
        return line

    def give(self, line: Line) -> None:
        """Take back the line of a call that has ended."""
        line.close()
        self._open.remove(line)
        self._idle.append(line.port)
        self._count(line, self._intervals)
        self._longest_ms = max(self._longest_ms, line.longest_ms)

    def statistics(self) -> tuple[list[int], float]:
        """Histogram of media clock intervals in ms (256 bins) and the longest, ended calls included."""
        intervals = list(self._intervals)
        for line in self._open:
            self._count(line, intervals)
        return intervals, max([self._longest_ms, *(line.longest_ms for line in self._open)])

    @staticmethod
    def _count(line: Line, into: list[int]) -> None:
        for bridge in line.bridges:
            for ms, count in enumerate(bridge.interval_histogram().tolist()):
                into[ms] += count

"""Audio of a call: its line joins pjmedia's stream to the agent's rings, on a clock of our own.

pjsua hangs every stream into its conference bridge. Ours are given a silent port to hang there instead:
the bridge would add a frame each way, and a phase of its clock.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from sip.streams import Stream, Streams
from voicecore.audio import FrameBridge, MediaClock, Ring

BINS = 256


class Line:
    """The audio path of one call: its rings, and the stream that they are joined to.

    It ticks from its first moment to its last, on hold too.
    """

    def __init__(self, clock: MediaClock, rings: tuple[Ring, Ring], streams: Streams) -> None:
        self.bridge = FrameBridge(*rings)
        self._clock = clock
        self._streams = streams
        self._stream: Stream | None = None
        clock.add(self.bridge)

    def join(self, stream: Stream) -> None:
        """Carry the audio of ``stream``, a new one after each re-INVITE that changes something."""
        self.part()
        self._streams.hold(stream)
        self._stream = stream
        self._clock.attach(
            self.bridge, stream.port, stream.address, stream.size_word, stream.rate, stream.frame_us
        )

    def part(self) -> None:
        """Let go of the stream, which may be destroyed after this."""
        if self._stream is not None:
            self._clock.detach(self.bridge)
            self._streams.release(self._stream)
            self._stream = None

    def open(self) -> None:
        """Let audio flow both ways."""
        self._clock.flow(self.bridge, True)

    def pause(self) -> None:
        """Hold: the caller's side is silence, playout waits."""
        self._clock.flow(self.bridge, False)

    def close(self) -> None:
        """The call is over: no more ticks."""
        self._clock.remove(self.bridge)
        self.part()


class Lines:
    """The lines of all calls of the process, their clock, and its statistics."""

    def __init__(self, streams: Streams, register: Callable[[str], object]) -> None:
        """``register`` makes a thread known to pjlib."""
        self.streams = streams
        self._register = register
        self._clock = streams.clock()
        self._open: list[Line] = []
        self._intervals = [0] * BINS
        self._longest_ms = 0.0
        self._thread = threading.Thread(target=self._run, name="media clock")
        self._thread.start()

    def stop(self) -> None:
        """Stop the clock, before pjsua2 is destroyed. All lines must have been closed."""
        self._clock.stop()
        self._thread.join()

    def take(self, rings: tuple[Ring, Ring]) -> Line:
        """A line for a new call, on hold until it is opened."""
        line = Line(self._clock, rings, self.streams)
        self._open.append(line)
        return line

    def give(self, line: Line) -> None:
        """Take back the line of a call that has ended."""
        line.close()
        self._open.remove(line)
        self._count(line, self._intervals)
        self._longest_ms = max(self._longest_ms, line.bridge.longest_interval_ms)

    def statistics(self) -> tuple[list[int], float]:
        """Histogram of media clock intervals in ms (256 bins) and the longest, ended calls included."""
        intervals = list(self._intervals)
        for line in self._open:
            self._count(line, intervals)
        longest = [line.bridge.longest_interval_ms for line in self._open]
        return intervals, max([self._longest_ms, *longest])

    def _run(self) -> None:
        self._register("media clock")
        self._clock.run()

    @staticmethod
    def _count(line: Line, into: list[int]) -> None:
        for ms, count in enumerate(line.bridge.interval_histogram().tolist()):
            into[ms] += count

"""The SIP endpoint's twin in memory: the same calls and events, no network, no process, no wall clock.

A test plays the caller: every 20 ms that it lets the agent hear is one tick, in which the agent's queued
speech is consumed exactly as the real bridge consumes it.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from sip.checks import checked_digits, checked_headers, checked_uri
from sip.dtmf import DtmfFilter
from sip.playout import Playout
from sip.switchboard import Switchboard
from voicecore.errors import SipError
from voicecore.types import RATE, TICK, TICK_MS, CallEvent, CallEventKind, CallInfo, MediaFrame, Pcm

PLAYOUT_SAMPLES = 1 << 19
"""What the real ring holds."""
DIGIT_MS = 160

CLOCK_RATES = {"G722": 16_000, "PCMA": 8_000, "PCMU": 8_000}


class MemoryCall:
    """Both ends of a call. ``voicecore.ports.Call`` is the agent's; ``far_*``, ``hear``... are the test's."""

    def __init__(self, info: CallInfo, codec: str, board: Switchboard[MemoryCall]) -> None:
        self._info = info
        self._codec = codec
        self._board = board
        self._playout = Playout(PLAYOUT_SAMPLES)
        self._unread: list[MediaFrame] = []
        self._all: list[MediaFrame] = []
        self._holders: set[str] = set()
        self._digits = DtmfFilter()
        self._presses = itertools.count()
        self.state = "early"
        """"early", "answered" or "ended"."""
        self.sent_digits: list[tuple[str, str]] = []
        """What the agent pressed: (digit, method)."""
        self.transfers: list[str] = []
        """Where the agent has sent us."""
        self.rejection: tuple[int, int | None] | None = None
        """Code and Retry-After of the agent's refusal."""

    # ---- the agent's end ----

    @property
    def info(self) -> CallInfo:
        return self._info

    @property
    def written(self) -> int:
        return self._playout.written

    def read(self) -> list[MediaFrame]:
        frames, self._unread = self._unread, []
        return frames

    def write(self, pcm: Pcm) -> int:
        return self._playout.write(pcm)

    def streaming(self, on: bool) -> None:
        self._playout.streaming = on

    @property
    def underruns(self) -> int:
        return self._playout.underruns

    def flush(self) -> None:
        self._playout.flush()

    def gain(self, factor: float, ramp_ms: int = 40) -> None:
        self._playout.gain(factor, ramp_ms)

    def answer(self) -> None:
        if self._info.direction == "in":
            self._confirm()

    def reject(self, code: int, retry_after_s: int | None = None) -> None:
        if self.state == "early":
            self.rejection = (code, retry_after_s)
            self._end(code, "rejected", "agent")

    def hangup(self) -> None:
        """BYE, or before the answer CANCEL (487) or a refusal (603)."""
        refusal = (603, "Decline") if self._info.direction == "in" else (487, "Request Terminated")
        self._end(*((200, "OK") if self.state == "answered" else refusal), "agent")

    def send_dtmf(self, digits: str, method: str = "rfc4733") -> None:
        digits = checked_digits(digits, method)
        if self.state == "answered":
            self.sent_digits += [(digit, method) for digit in digits]

    def hold(self) -> None:
        self._set_hold("agent")

    def resume(self) -> None:
        self._resume("agent")

    def transfer(self, uri: str) -> None:
        uri = checked_uri(uri)
        if self.state == "answered":
            self.transfers.append(uri)

    # ---- the caller's end ----

    def hear(self, pcm: Pcm) -> Pcm:
        """Let the agent hear int16 ``pcm``, the last tick padded; returns what it said meanwhile.

        On hold, the agent hears silence and its speech waits, as with the real bridge.
        """
        if self.state != "answered":
            raise SipError("not-answered", "media flow in an answered call only", call=self._info.id)
        ticks = -(-len(pcm) // TICK)
        padded = np.zeros(ticks * TICK, np.int16)
        padded[: len(pcm)] = pcm
        frames = [self._tick(padded[i * TICK : (i + 1) * TICK]) for i in range(ticks)]
        self._board.ticked()
        return np.concatenate([frame.agent for frame in frames]) if frames else np.zeros(0, np.int16)

    def wait(self, seconds: float) -> Pcm:
        """Say nothing for a while; returns what the agent said meanwhile."""
        return self.hear(np.zeros(round(seconds * RATE), np.int16))

    def far_answer(self) -> None:
        """The far end of a call that the agent placed picks up."""
        if self._info.direction == "out":
            self._confirm()

    def far_reject(self, code: int, reason: str = "") -> None:
        if self.state == "early":
            self._end(code, reason, "caller")

    def far_hangup(self) -> None:
        """BYE, or CANCEL before the answer."""
        early = (487, "Request Terminated")
        self._end(*((200, "Normal call clearing") if self.state == "answered" else early), "caller")

    def far_press(self, digits: str, method: str = "rfc4733") -> None:
        """Each digit is a key press of its own; the same digit by the other method right after is not."""
        for digit in checked_digits(digits, method):
            if self.state == "answered" and self._digits.accept(
                digit, method, next(self._presses), self.seconds
            ):
                detail = {"digit": digit, "method": method, "duration_ms": DIGIT_MS}
                self._emit(CallEventKind.DTMF, **detail)

    def far_hold(self) -> None:
        self._set_hold("caller")

    def far_resume(self) -> None:
        self._resume("caller")

    def far_notify(self, code: int, reason: str = "", final: bool = False) -> None:
        """Progress of the agent's REFER."""
        if self.state == "answered":
            self._emit(CallEventKind.TRANSFER, code=code, reason=reason, final=final)

    @property
    def seconds(self) -> float:
        """The call's audio clock."""
        return len(self._all) * TICK / RATE

    def recording(self) -> tuple[Pcm, Pcm]:
        """Caller and agent since the answer, sample by sample on one clock."""
        empty = np.zeros(0, np.int16)
        caller = np.concatenate([empty, *(frame.caller for frame in self._all)])
        return caller, np.concatenate([empty, *(frame.agent for frame in self._all)])

    # ---- both ----

    def _emit(self, kind: CallEventKind, **detail: Any) -> None:
        self._board.emit(kind, self._info.id, detail)

    def _tick(self, caller: Pcm) -> MediaFrame:
        silent = np.zeros(TICK, np.int16)
        agent = silent if self._holders else self._playout.tick()
        caller = silent if self._holders else caller
        tick_ns = len(self._all) * TICK_MS * 1_000_000
        frame = MediaFrame(caller, agent, self._playout.played, tick_ns)
        self._all.append(frame)
        self._unread.append(frame)
        return frame

    def _confirm(self) -> None:
        if self.state == "early":
            self.state = "answered"
            detail = {"codec": self._codec, "clock_rate": CLOCK_RATES[self._codec]}
            self._emit(CallEventKind.ANSWERED, **detail)

    def _end(self, code: int, reason: str, by: str) -> None:
        if self.state != "ended":
            self.state = "ended"
            self._emit(CallEventKind.ENDED, code=code, reason=reason, by=by)

    def _set_hold(self, by: str) -> None:
        if self.state == "answered" and by not in self._holders:
            self._holders.add(by)
            if len(self._holders) == 1:
                self._emit(CallEventKind.HELD, by=by)

    def _resume(self, by: str) -> None:
        if by in self._holders:
            self._holders.remove(by)
            if not self._holders:
                self._emit(CallEventKind.RESUMED)


class MemoryEndpoint:
    """Implements ``voicecore.ports.Endpoint``; ``invite`` is somebody calling in."""

    def __init__(self, codec: str = "G722", max_calls: int = 4, retry_after_s: int = 5) -> None:
        self._codec = codec
        self._max_calls = max_calls
        self._retry_after_s = retry_after_s
        self._board: Switchboard[MemoryCall] = Switchboard()
        self._numbers = itertools.count(1)
        self._running = False

    async def start(self) -> None:
        self._running = True

    async def stop(self) -> None:
        self._running = False
        for call in self._board.live:
            call.hangup()

    def dial(self, uri: str, headers: dict[str, str] | None = None) -> MemoryCall:
        """The far end picks up when the test says ``far_answer``. Raises SipError as the real one does."""
        call = self._open("out", checked_uri(uri), "sip:agent@memory", checked_headers(headers or {}))
        if len(self._board.live) > self._max_calls:
            call.reject(503)
        else:
            self._board.emit(CallEventKind.RINGING, call.info.id, {})
        return call

    def call(self, call_id: str) -> MemoryCall:
        return self._board.call(call_id)

    async def next_event(self) -> CallEvent:
        return await self._board.next_event()

    async def tick(self) -> None:
        await self._board.tick()

    def invite(self, caller: str = "sip:caller@memory", headers: dict[str, str] | None = None) -> MemoryCall:
        """Somebody calls in; when all lines are taken, refused with 503 without the agent's knowing."""
        if len(self._board.live) >= self._max_calls:
            info = CallInfo(f"memory-{next(self._numbers)}", "in", caller, "sip:agent@memory", headers or {})
            refused = MemoryCall(info, self._codec, Switchboard())
            refused.reject(503, self._retry_after_s)
            return refused
        call = self._open("in", caller, "sip:agent@memory", headers or {})
        self._board.emit(CallEventKind.INCOMING, call.info.id, {})
        return call

    def _open(self, direction: str, remote: str, local: str, headers: dict[str, str]) -> MemoryCall:
        if not self._running:
            raise SipError("media-down", "the endpoint is not running")
        info = CallInfo(f"memory-{next(self._numbers)}", direction, remote, local, headers)
        call = MemoryCall(info, self._codec, self._board)
        self._board.open(info.id, call)
        return call

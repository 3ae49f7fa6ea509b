"""The media process: ``python -m sip.process FD PID`` runs pjsua2 for agent PID at the other end of FD.

It ends when it is told to, when the socket or the agent is gone, and by the kernel when it hangs: no orphan
is left, and no port is kept.
"""

from __future__ import annotations

import contextlib
import logging
import os
import resource
import signal
import socket
import sys
import time
import uuid
from typing import Any

from sip.call import Leg, attempt
from sip.control import (
    Answer,
    Ask,
    Channel,
    Configure,
    Dial,
    Dtmf,
    Event,
    Failed,
    Hangup,
    Hold,
    Message,
    Ready,
    Reject,
    Resume,
    Stats,
    Stop,
    Transfer,
)
from sip.endpoint import Stack
from sip.headers import caller_headers
from sip.stack import pj, reason
from sip.trunks import Trunks
from voicecore.audio import Ring
from voicecore.errors import SipError, VoicecoreError

log = logging.getLogger("voicecore.sip")

POLL_MS = 10
REST_S = 2.0
"""How long a Call object is kept after its end (else pjsua2 crashes now and then)."""
FAREWELL_S = 1.0
"""How long the last BYEs may take."""
WATCHDOG_S = 10
"""The kernel ends a process whose loop has stood still for so long."""
RUNAWAY_S = 2
"""CPU time without a pause at which the kernel takes a real-time thread for broken."""
FORBIDDEN = 403


class MediaProcess:
    """The loop: poll pjsua2, obey the agent, let go of ended calls."""

    def __init__(self, channel: Channel, config: Configure, agent_pid: int) -> None:
        self._channel = channel
        self._agent_pid = agent_pid
        self._trunks = Trunks(config.trunks)
        self._legs: dict[str, Leg] = {}
        self._resting: list[tuple[float, Leg]] = []
        self._served = 0
        self.stopping = False
        self._stack = Stack(config, self._on_invite, channel.send)

    def run(self) -> None:
        """Serve until told to stop, or the agent is gone; always destroys the stack."""
        self._channel.send(Ready(self._stack.port))
        try:
            while not (self.stopping or self._channel.closed or os.getppid() != self._agent_pid):
                feed_watchdog()
                self._turn()
        finally:
            self._farewell()

    def stop(self, *_: object) -> None:
        """Signal handler."""
        self.stopping = True

    def _turn(self) -> None:
        self._stack.poll(POLL_MS)
        while (received := self._channel.receive()) is not None:
            self._obey(*received)
        self._bury()

    def _farewell(self) -> None:
        feed_watchdog()
        self._hang_up_all()
        deadline = time.monotonic() + FAREWELL_S
        while self._legs and time.monotonic() < deadline:
            self._stack.poll(POLL_MS)
            self._bury()
        self._drop_all()
        self._stack.destroy()
        self._channel.close()

    def _hang_up_all(self) -> None:
        for leg in self._legs.values():
            attempt(leg, leg.end)

    def _drop_all(self) -> None:
        """Let go of every object of pjsua2, by name too: none may outlive the library."""
        for leg in [*self._legs.values(), *(leg for _, leg in self._resting)]:
            if leg.line is not None:
                leg.line.close()
            leg.release()
        self._legs.clear()
        self._resting.clear()

    # ---- calls ----

    def _on_invite(self, number: int, rdata: Any) -> None:
        leg = self._leg(uuid.uuid4().hex, number)
        if not self._trunks.allow(rdata.srcAddress):
            leg.mute()
            attempt(leg, lambda: leg.reject(FORBIDDEN))
            return
        call = leg.getInfo()
        info = {
            "id": leg.name,
            "direction": "in",
            "remote_uri": call.remoteUri,
            "local_uri": call.localUri,
            "headers": caller_headers(rdata.wholeMsg),
        }
        self._channel.send(Event("incoming", leg.name, info=info))
        attempt(leg, leg.ring)

    def _leg(self, name: str, number: int = -1) -> Leg:
        leg = Leg(self._stack.account, name, self._stack.lines, self._channel.send, number)
        self._legs[name] = leg
        self._served += 1
        return leg

    def _bury(self) -> None:
        """Give back the lines of ended calls at once, their objects after a rest.

        Destroying a Call object detaches, and may hang up, whatever call has its number *now* (pjsua has
        few and uses them again): so never while that number is in use.
        """
        now = time.monotonic()
        for leg in [leg for leg in self._legs.values() if leg.ended]:
            del self._legs[leg.name]
            if leg.line is not None:
                self._stack.lines.give(leg.line)
            leg.release()
            self._resting.append((now, leg))
        if self._resting and now - self._resting[0][0] > REST_S:
            used = {leg.getId() for leg in self._legs.values()}
            self._resting = [
                (ended, leg) for ended, leg in self._resting if now - ended <= REST_S or leg.getId() in used
            ]

    # ---- the agent's wishes ----

    def _obey(self, message: Message, rings: list[Ring]) -> None:
        match message:
            case Stop():
                self.stopping = True
            case Ask():
                self._channel.send(self._statistics())
            case Dial(call, uri, headers):
                self._dial(call, uri, headers, (rings[0], rings[1]))
            case Answer() | Reject() | Hangup() | Dtmf() | Hold() | Resume() | Transfer():
                leg = self._legs.get(message.call)
                if leg is not None and not leg.ended:
                    self._verb(leg, message, rings)
            case _:
                log.error("unexpected control message %s", type(message).__name__)

    def _verb(self, leg: Leg, message: Message, rings: list[Ring]) -> None:
        match message:
            case Answer():
                attempt(leg, lambda: leg.take((rings[0], rings[1])))
            case Reject(_, code, retry_after_s):
                attempt(leg, lambda: leg.reject(code, retry_after_s))
            case Hangup():
                attempt(leg, leg.end)
            case Dtmf(_, digits, method):
                attempt(leg, lambda: leg.press(digits, method))
            case Hold():
                attempt(leg, leg.hold)
            case Resume():
                attempt(leg, leg.resume)
            case Transfer(_, uri):
                if not attempt(leg, lambda: leg.transfer(uri)):
                    leg.event("transfer", code=400, reason="not possible", final=True)

    def _dial(self, name: str, uri: str, headers: dict[str, str], rings: tuple[Ring, Ring]) -> None:
        if self._stack.full:
            self._channel.send(
                Event("ended", name, {"code": 503, "reason": "all lines taken", "by": "agent"})
            )
            return
        leg = self._leg(name)
        try:
            leg.dial(uri, headers, rings)
        except pj.Error as exc:
            leg.fail(400, reason(exc))

    def _statistics(self) -> Stats:
        intervals, longest = self._stack.lines.statistics()
        return Stats(intervals, longest, self._served, len(self._legs), self._stack.refused)


def feed_watchdog() -> None:
    """Put off our death by SIGALRM, which nothing in this process handles."""
    signal.alarm(WATCHDOG_S)


def go_first() -> None:
    """Real-time scheduling where we may have it: then no model's thread delays the media clock."""
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_RTTIME, (RUNAWAY_S * 1_000_000, RUNAWAY_S * 1_000_000))
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))


def first_message(channel: Channel) -> Configure:
    channel.sock.setblocking(True)
    received = channel.receive()
    channel.sock.setblocking(False)
    if received is None or not isinstance(received[0], Configure):
        raise SipError("bad-control", "the first message must configure")
    return received[0]


def main(argv: list[str]) -> int:
    """Exit code 0 after an orderly stop, 1 when the stack did not come up."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s media %(levelname)s %(message)s")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches us too; the agent decides
    feed_watchdog()
    go_first()
    channel = Channel(socket.socket(fileno=int(argv[1])))
    try:
        process = MediaProcess(channel, first_message(channel), agent_pid=int(argv[2]))
    except VoicecoreError as exc:
        channel.send(Failed(exc.code, str(exc)))
        return 1
    signal.signal(signal.SIGTERM, process.stop)
    process.run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))

"""How a call ends from our side, once all is said: it is passed on to a person, or hung up."""

from __future__ import annotations

from voicecore.dialogue import HangUp, Transfer
from voicecore.pipeline.chronicle import Chronicle
from voicecore.pipeline.reply import Reply
from voicecore.ports import Call

_REFUSED = 300


class Farewell:
    """Of one call."""

    def __init__(self, call: Call, chronicle: Chronicle) -> None:
        self.passed_on = False
        """Whether a person was asked to take the call, and has not refused."""
        self._call = call
        self._chronicle = chronicle

    def take(self, reply: Reply, now: float) -> None:
        """Do what a reply that is over wants done in the end, once; it is on record first."""
        match reply.farewell:
            case Transfer(target=target):
                self.passed_on = True
                self._chronicle.leaving("transfer", now)
                self._call.transfer(target)
            case HangUp():
                self._chronicle.leaving("hang-up", now)
                self._call.hangup()
        reply.farewell = None

    def taken(self, code: int) -> bool:
        """The far end's final answer to our REFER: leave the caller to it, unless it refuses."""
        if code < _REFUSED:
            self._call.hangup()
            return True
        self.passed_on = False
        return False

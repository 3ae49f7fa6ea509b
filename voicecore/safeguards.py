"""Puts an agent process's safeguards together, and hands each call its own."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import os
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from models.guards import Parts, judges
from voicecore.config import Appliance
from voicecore.custody import SEALED, open_audit, open_keys
from voicecore.custody.house import own_keys
from voicecore.dialogue import IntentIndex
from voicecore.errors import StoreError
from voicecore.guardrails import Layers, Supervisor
from voicecore.pipeline.approvals import Desk, announcer
from voicecore.pipeline.feed import Feed
from voicecore.pipeline.grounding import Grounding
from voicecore.pipeline.guard import Guard
from voicecore.pipeline.oversight import CONTROL_SOCKET, Overseen, Oversight
from voicecore.pipeline.pauses import Pauses
from voicecore.pipeline.policed import Caller, Gate, PolicedTools, settle
from voicecore.pipeline.privacy import Privacy, Redaction
from voicecore.pipeline.recording import Recorder
from voicecore.pipeline.reservations import Reservations
from voicecore.pipeline.trust import Known, Nobody, Now, People, Trust, Unrecorded
from voicecore.pipeline.undo import UndoableTools, Undoing
from voicecore.pipeline.work import ThreadLane
from voicecore.policy.ledger import Expire
from voicecore.ports import Audit, CallKey, Embedder, Keys, Tools
from voicecore.store.ledger import SqlLedger
from voicecore.store.steps import SqlSteps
from voicecore.terms import Terms
from voicecore.types import CallInfo
from voicecore.vault import KeyStore, SealedAudio

log = logging.getLogger(__name__)

GUARD_ENGINES = ("classifier", "examples")
"""Those that a call has time for."""
_HOUSEKEEPING_S = 60.0


class OwnKeys:
    """``ports.Keys`` of an appliance without a vault: what this process seals for itself."""

    def __init__(self, keys: KeyStore) -> None:
        self._keys = keys

    def make(self, call_id: str, caller: str = "", kind: str = "record") -> CallKey:
        return self._keys.make(call_id, caller, kind)

    def open(self, call_id: str, kind: str = "record") -> CallKey:
        """Made, if there is none."""
        return self._keys.make(call_id, "", kind)


@dataclass(slots=True)
class Safeguards:
    """Those of one agent process."""

    terms: Terms
    audit: Audit
    pauses: Pauses
    tools: Tools
    """The back-end itself."""
    vault: KeyStore | None = None
    """With it, what is kept of calls is sealed."""
    layers: Layers | None = None
    intents: IntentIndex | None = None
    desk: Desk | None = None
    """People who approve."""
    gate: Gate | None = None
    undoing: Undoing | None = None
    steps: tuple[SqlSteps, ThreadLane] | None = None
    calls: Mapping[str, Overseen] = field(default_factory=dict)
    """Those that are up; set once there is who serves them."""

    @property
    def healthy(self) -> bool:
        """Whether what calls do can be put on record."""
        return bool(getattr(self.audit, "healthy", True))

    def trust(self, info: CallInfo, now: Now, recorder: Recorder) -> Trust:
        """``pipeline.house.TrustMaker``."""
        rules, known = self.terms.rules, Known()
        privacy = Privacy() if rules is None else Redaction(rules, recorder.silence)
        people = People(info.id, self.desk, self.pauses)

        def guarding(tools: Tools) -> Tools:
            return self._guarded(info.id, tools, known, privacy, now)

        return Trust(
            info.id,
            privacy=privacy,
            guard=self._guard(),
            audit=self.audit,
            people=people,
            known=known,
            tools=guarding,
        )

    def recorder(self, folder: Path, call_id: str) -> Recorder:
        """Of a call; sealed if anything is."""
        if self.vault is None:
            return Recorder(folder / f"{call_id}.wav")
        return Recorder(folder / f"{call_id}.wav{SEALED}", SealedAudio.of(self.vault, call_id))

    def at(self, call_id: str) -> float:
        """Seconds on a call's audio clock; 0 when it is over."""
        call = self.calls.get(call_id)
        return 0.0 if call is None else call.now

    def by_person(self, call_id: str) -> Tools:
        """The tools as a person in charge uses them, for a call that may be over."""
        if self.gate is None:
            return self.tools
        nothing = Known()
        privacy = Privacy() if self.terms.rules is None else Redaction(self.terms.rules, _kept)
        caller = Caller(call_id, lambda: self.at(call_id), lambda: nothing.facts, privacy.data, "person")
        return PolicedTools(self.tools, self.gate, caller)

    def _guard(self) -> Guard | None:
        if self.layers is None or self.intents is None:
            return None
        supervisor = Supervisor(self.layers, time.perf_counter)
        return Guard(supervisor, Grounding(self.terms.agent), self.intents)

    def _guarded(self, call_id: str, tools: Tools, known: Known, privacy: Privacy, now: Now) -> Tools:
        if self.gate is not None:
            tools = PolicedTools(tools, self.gate, Caller(call_id, now, lambda: known.facts, privacy.data))
        if self.steps is not None:
            steps, lane = self.steps
            tools = UndoableTools(call_id, tools, self.terms.agent.tools, steps, lane)
        return tools


def _kept(_start: float, _end: float, _channels: tuple[int, ...]) -> None:
    """There is no recording to make silent."""


@contextlib.asynccontextmanager
async def safeguards(
    appliance: Appliance, terms: Terms, embedder: Embedder, intents: IntentIndex, tools: Tools, feed: Feed
) -> AsyncIterator[Safeguards]:
    """All that the appliance's file asks for, opened; closed with the context.

    Raises ConfigError, StoreError.
    """
    folder = appliance.run_dir
    folder.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as opened:
        audit: Audit = Unrecorded()
        if appliance.audit is not None:
            kept = await asyncio.to_thread(open_audit, appliance.audit, terms.version, True)
            opened.push_async_callback(asyncio.to_thread, kept.close)
            audit = kept
        made = Safeguards(terms, audit, Pauses(folder / "pauses.json"), tools)
        made.intents, made.layers = intents, _layers(terms, embedder)
        keys = await asyncio.to_thread(_keys, appliance)
        opened.callback(keys.close)
        made.vault = keys if appliance.vault is not None else None
        own: Keys = keys if appliance.vault is not None else OwnKeys(keys)
        if appliance.control is not None:
            made.desk = Desk(announcer(feed, audit, made.at))
        if terms.policy is not None:
            made.gate = gate = _gate(appliance, terms, made, own, opened)
            keeping = asyncio.ensure_future(_keep_house(gate, tools))
            opened.callback(keeping.cancel)
        if made.desk is not None:
            await _oversee(folder, made, own, feed, opened)
        yield made


async def _oversee(folder: Path, made: Safeguards, keys: Keys, feed: Feed, opened: AsyncExitStack) -> None:
    """Let people look at, pause, take over and undo what calls do."""
    assert made.desk is not None
    lane = ThreadLane("steps")
    steps = await lane.submit(lambda: SqlSteps(folder / "steps.db", keys))
    opened.callback(lane.close)
    made.steps = (steps, lane)
    made.undoing = Undoing(steps, made.by_person, made.terms.agent.tools, lane)
    oversight = Oversight(lambda: made.calls, made.desk, made.pauses, made.undoing, made.audit, feed)
    await oversight.serve(folder / CONTROL_SOCKET)
    opened.push_async_callback(oversight.close)


def _layers(terms: Terms, embedder: Embedder) -> Layers | None:
    rules = terms.guardrails
    if rules is None:
        return None
    parts = Parts(embedder, {str(kind): texts for kind, texts in rules.examples.items()})
    return Layers(rules, judges(GUARD_ENGINES, "input", parts), judges(GUARD_ENGINES, "output", parts))


def _keys(appliance: Appliance) -> KeyStore:
    """The vault's, or those with which this process seals what it must be able to send again."""
    if appliance.vault is not None:
        return open_keys(appliance.vault)
    keys = own_keys(appliance, create=True)
    assert keys is not None
    return keys


def _gate(appliance: Appliance, terms: Terms, made: Safeguards, keys: Keys, opened: AsyncExitStack) -> Gate:
    assert terms.policy is not None
    ledger = Reservations(SqlLedger(appliance.store.url))
    opened.push_async_callback(ledger.close)
    secret = _secret(appliance.run_dir / "alias.key")
    return Gate(
        terms.policy,
        ledger,
        made.desk or Nobody(),
        made.audit,
        keys,
        made.pauses.refusal,
        lambda: datetime.now().astimezone(),
        lambda customer: hmac.digest(secret, customer.encode(), "sha256").hex(),
    )


def _secret(path: Path) -> bytes:
    """Made once, for its owner only."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(file, "wb") as out:
        out.write(os.urandom(32))
        out.flush()
        os.fsync(out.fileno())
    return path.read_bytes()


async def _keep_house(gate: Gate, tools: Tools) -> None:
    """Settle what a crash left open, and release what nobody decided about in time."""
    begun, settled = time.time(), False
    while True:
        try:
            if not settled:
                await settle(gate, tools, begun)
                settled = True
            await gate.ledger.do(Expire(time.time()))
        except StoreError as exc:
            log.error("ledger: %s", exc.code)
        await asyncio.sleep(_HOUSEKEEPING_S)

"""Works out one reply: early and without effects until it is committed, then for real."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from voicecore.dialogue import (
    Action,
    CallTool,
    Dialogue,
    Event,
    Generate,
    Generated,
    HangUp,
    Say,
    State,
    Steered,
    ToolFailed,
    ToolReturned,
    Transfer,
)
from voicecore.errors import VoicecoreError
from voicecore.guardrails import Action as Remedy
from voicecore.pipeline.mouth import Mouth, Speech
from voicecore.pipeline.trust import Trust
from voicecore.pipeline.wording import Wording
from voicecore.ports import Llm, Tools


@dataclass(frozen=True, slots=True)
class ToolRun:
    """One tool call as it went."""

    name: str
    arguments: dict[str, Any]
    ok: bool
    result: dict[str, Any]
    ms: float


@dataclass(frozen=True, slots=True)
class Mind:
    """What a reply is worked out with."""

    dialogue: Dialogue
    tools: Tools
    llm: Llm
    trust: Trust = field(default_factory=Trust)
    """Of the call that it is the mind of."""
    now: Callable[[], float] = lambda: 0.0
    """Seconds on its audio clock."""


@dataclass(slots=True)
class Thread:
    """The dialogue's state along one line of thought; the early one may be thrown away."""

    state: State


class Reply:
    """The reply to one event.

    Until ``commit`` it only computes: it steps a copy of the state, runs read-only tools and has
    its sentences synthesised. A tool with effects waits for the commit, and so does every sound.
    """

    def __init__(
        self,
        call_id: str,
        mind: Mind,
        thread: Thread,
        mouth: Mouth,
        say: Callable[[Speech], None],
        on_tool: Callable[[ToolRun], None],
    ) -> None:
        self.thread = Thread(thread.state)
        self.farewell: Transfer | HangUp | None = None
        self.spoken: list[Speech] = []
        self.bound = False
        """Whether something was said or done that can't be taken back."""
        self._call_id = call_id
        self._mind = mind
        self._mouth = mouth
        self._say = say
        self._on_tool = on_tool
        self._committed = asyncio.Event()
        self._held: list[Speech] = []
        self._task: asyncio.Task[None] | None = None
        self._wording: asyncio.Task[None] | None = None
        """The language model at work."""
        self._steered: Steered | None = None
        """What a guardrail wants in place of the rest; at most once in a reply."""
        self._sentences: list[str] = []

    @property
    def running(self) -> bool:
        return self._task is not None and not self._task.done()

    async def finished(self) -> None:
        """Return when the reply has nothing left to do; its failure is reported elsewhere."""
        if self._task is not None:
            await asyncio.wait([self._task])

    def start(self, event: Event) -> asyncio.Task[None]:
        """Begin with ``event``; the task ends when nothing is left to do or say."""
        actions = self._step(event)
        self._task = asyncio.ensure_future(self._run(deque(actions)))
        return self._task

    def resume(self, actions: tuple[Action, ...]) -> asyncio.Task[None]:
        """Begin with actions already decided (the greeting)."""
        self._task = asyncio.ensure_future(self._run(deque(actions)))
        return self._task

    def commit(self) -> None:
        """From here on it is real: say what is ready, let effects happen."""
        self._committed.set()
        held, self._held = self._held, []
        for speech in held:
            self._speak(speech)

    def discard(self) -> None:
        """Throw it away. Not for a bound reply."""
        if self._task is not None:
            self._task.cancel()
        for speech in self._held:
            self._mouth.drop(speech)
        self._held = []

    def hush(self) -> None:
        """The caller has something else to say: an answer that is still being worded ends here."""
        if self._wording is not None:
            self._wording.cancel()

    async def _run(self, queue: deque[Action]) -> None:
        while queue:
            action = queue.popleft()
            match action:
                case Say():
                    turned = await self._utter(action)
                    if turned is not None and (turned.hand_off or not _awaited(queue)):
                        queue = deque(self._step(turned))
                case CallTool():
                    queue.extend(self._step(await self._call(action)))
                case Generate():
                    queue.extend(self._step(await self._generate(action)))
                case Transfer() | HangUp():
                    self.farewell = action

    def _step(self, event: Event) -> tuple[Action, ...]:
        self.thread.state, actions = self._mind.dialogue.step(self.thread.state, event)
        return actions

    async def _utter(self, said: Say, passages: Sequence[str] = ()) -> Steered | None:
        """Have a sentence judged, then voiced, or what is said in its place; what the reply turns to here."""
        mind, state = self._mind, self.thread.state
        verdict = await mind.trust.vet(said.text, state, mind.now(), passages, self._sentences)
        text = said.text if verdict.action is Remedy.ALLOW else verdict.text
        if text.strip():
            self._sentences.append(text)
            self._voice(self._mouth.prepare(said.id, text))
        if verdict.action not in (Remedy.ASK_AGAIN, Remedy.HAND_OFF) or self._steered is not None:
            return None
        self._steered = Steered("", hand_off=verdict.action is Remedy.HAND_OFF)
        return self._steered

    def _voice(self, speech: Speech) -> None:
        if self._committed.is_set():
            self._speak(speech)
        else:
            self._held.append(speech)

    def _speak(self, speech: Speech) -> None:
        self.bound = True
        self.spoken.append(speech)
        self._say(speech)

    async def _call(self, action: CallTool) -> Event:
        if not action.read_only:
            await self._committed.wait()
            self.bound = True
        clock = asyncio.get_running_loop().time
        begun = clock()
        event: Event
        try:
            key = f"{self._call_id}:{action.id}"
            self._mind.trust.knows(self.thread.state)
            given = self._mind.trust.privacy.reveal(action.arguments)
            result = await self._mind.tools.call(action.name, given, key)
            event, ok = ToolReturned(action.id, result), True
        except VoicecoreError as exc:
            result, ok = {"code": exc.code}, False
            event = ToolFailed(action.id, exc.code, str(exc))
        ms = (clock() - begun) * 1000
        self._on_tool(ToolRun(action.name, dict(action.arguments), ok, result, ms))
        return event

    async def _generate(self, action: Generate) -> Event:
        """Have an answer worded and voiced, sentence by sentence; what tells the dialogue what came of it."""
        before = self._steered
        self._wording = wording = asyncio.ensure_future(self._word(action))
        try:
            await asyncio.wait([wording])
        finally:
            wording.cancel()
        exc = None if wording.cancelled() else wording.exception()
        if isinstance(exc, VoicecoreError):
            return ToolFailed(action.id, exc.code, str(exc))
        if exc is not None:
            raise exc
        if self._steered is not None and before is None and self._steered.hand_off:
            return self._steered
        return Generated(action.id, "")

    async def _word(self, action: Generate) -> None:
        wording = Wording(self._mind.llm, self._call_id, self._mind.trust.privacy)
        async for sentence in wording.answer(action, self.thread.state.history):
            for said in self._step(Generated(action.id, sentence, more=True)):
                assert isinstance(said, Say)
                if await self._utter(said, action.passages):
                    return


def _awaited(queue: deque[Action]) -> bool:
    """Whether the dialogue waits for something that is still to be done: it can't put its question now."""
    return any(isinstance(action, CallTool | Generate) for action in queue)

"""Works out one reply: early and without effects until it is committed, then for real."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
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
    ToolFailed,
    ToolReturned,
    Transfer,
)
from voicecore.errors import VoicecoreError
from voicecore.pipeline.mouth import Mouth, Speech
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
                case Say(id=speech_id, text=text):
                    self._voice(self._mouth.prepare(speech_id, text))
                case CallTool():
                    queue.extend(self._step(await self._call(action)))
                case Generate():
                    queue.extend(self._step(await self._generate(action)))
                case Transfer() | HangUp():
                    self.farewell = action

    def _step(self, event: Event) -> tuple[Action, ...]:
        self.thread.state, actions = self._mind.dialogue.step(self.thread.state, event)
        return actions

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
            result = await self._mind.tools.call(action.name, action.arguments, key)
            event, ok = ToolReturned(action.id, result), True
        except VoicecoreError as exc:
            result, ok = {"code": exc.code}, False
            event = ToolFailed(action.id, exc.code, str(exc))
        ms = (clock() - begun) * 1000
        self._on_tool(ToolRun(action.name, dict(action.arguments), ok, result, ms))
        return event

    async def _generate(self, action: Generate) -> Event:
        """Have an answer worded and voiced, sentence by sentence; what tells the dialogue that it is over."""
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
        return Generated(action.id, "")

    async def _word(self, action: Generate) -> None:
        wording = Wording(self._mind.llm, self._call_id)
        async for sentence in wording.answer(action, self.thread.state.history):
            for said in self._step(Generated(action.id, sentence, more=True)):
                assert isinstance(said, Say)
                self._voice(self._mouth.prepare(said.id, said.text))

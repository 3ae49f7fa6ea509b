"""The replies of one call in their order, and the dialogue's thread that they carry on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from voicecore.dialogue import Action, Event, State
from voicecore.pipeline.mouth import Mouth, Speech
from voicecore.pipeline.reply import Mind, Reply, Thread, ToolRun
from voicecore.pipeline.wording import Wording
from voicecore.types import SlotKind

Watch = Callable[[Coroutine[Any, Any, None] | asyncio.Task[None]], asyncio.Task[None]]
"""Run as a task whose failure ends the call."""


def asked_for(state: State) -> str:
    """The slot whose value a conversation waits for; "" if it is none."""
    return getattr(state.waiting, "slot", "")


class Replies:
    """At most one reply is real at a time; a draft beside it is nobody's business until it is taken."""

    def __init__(
        self,
        call_id: str,
        mind: Mind,
        mouth: Mouth,
        say: Callable[[Speech], None],
        on_tool: Callable[[ToolRun], None],
        watch: Watch,
    ) -> None:
        self.current: Reply | None = None
        """The reply that was made real last."""
        self.taken = False
        """Whether ``current`` is the reply to the caller's turn in progress."""
        self.wording = Wording(mind.llm, call_id, mind.trust.privacy)
        self._call_id = call_id
        self._mind = mind
        self._mouth = mouth
        self._say = say
        self._on_tool = on_tool
        self._watch = watch
        state, self._greeting = mind.dialogue.start()
        self._thread = Thread(state)
        self._before = self._thread
        """The thread as it was before the commit that the caller may still undo by going on."""

    @property
    def state(self) -> State:
        """The dialogue's state along the real replies."""
        return self._thread.state

    @property
    def running(self) -> bool:
        """Whether the real reply has more to do."""
        return self.current is not None and self.current.running

    def read_along(self, words: str) -> None:
        """Let the language model read what has been said, up to these ``words`` of the caller's."""
        if self.state.expectation.kind is SlotKind.OPEN and not self.state.ended:
            self.wording.read_along(self._mind.dialogue.instruction, self.state.history, words)

    def greet(self) -> None:
        """Begin with what the dialogue says unasked."""
        self._watch(self._make_real(self._new()).resume(self._greeting))

    async def draft(self, event: Event) -> Reply:
        """Begin a reply that has no effects and no sound until it is taken."""
        await self._settled()
        draft = self._new()
        self._watch(draft.start(event))
        return draft

    async def answer(self, event: Event) -> None:
        """Answer something that is no speech; it can't be withdrawn by speaking on."""
        await self._settled()
        reply = self._make_real(self._new())
        reply.bound = True
        self._watch(reply.start(event))

    def take(self, draft: Reply) -> None:
        """The caller's turn is certain: its draft becomes real."""
        self._before, self.taken = self._thread, True
        self._make_real(draft)

    def withdraw(self) -> bool:
        """The caller goes on after the commit: take the reply back; False when it is bound already."""
        if not self.taken or self.current is None:
            return True
        if self.current.bound:
            return False
        self.current.discard()
        self.current, self._thread = None, self._before
        return True

    def tell(self, event: Event) -> tuple[Action, ...]:
        """Let the dialogue know of something that needs no reply."""
        self._thread.state, actions = self._mind.dialogue.step(self._thread.state, event)
        return actions

    def _new(self) -> Reply:
        return Reply(self._call_id, self._mind, self._thread, self._mouth, self._say, self._on_tool)

    def _make_real(self, reply: Reply) -> Reply:
        self.current, self._thread = reply, reply.thread
        reply.commit()
        return reply

    async def _settled(self) -> None:
        """Wait until an earlier reply has done what can't be taken back."""
        if self.current is not None:
            self.current.hush()
            await self.current.finished()

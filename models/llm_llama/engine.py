"""``ports.ConversationLlm`` on llama.cpp, for the event loop; the work is done in the worker's thread."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from itertools import count
from pathlib import Path

from models.llm_llama.binding import LlamaLibrary
from models.llm_llama.library import Library
from models.llm_llama.prompt import asked
from models.llm_llama.scheduler import Priority
from models.llm_llama.settings import Settings
from models.llm_llama.talk import Asked, Event, Over, Request, Said
from models.llm_llama.worker import Worker
from models.sharing.board import Seat
from voicecore.errors import EngineError
from voicecore.types import Message, ToolOffer, ToolRequest


class LlamaLlm:
    """One model for all calls; every method may be used for any number of calls at a time."""

    def __init__(
        self,
        folder: Path,
        settings: Settings | None = None,
        library: Library | None = None,
        device: str = "cpu",
        threads: int = 0,
        opening: str = "",
        seat: Seat | None = None,
    ) -> None:
        """``folder`` holds one GGUF model; ``device``, ``threads``: see ``Settings.placed``.

        ``opening``: what conversations begin with, for ``warm``; ``seat``: at the device's board, where
        it is shared; ``library`` stands in for llama.cpp.
        Raises EngineError (``model-*``, ``device-missing``, ``llm-chat-format``), ConfigError("bad-device").
        """
        self._settings = (settings or Settings()).placed(device, threads)
        self._opening = opening
        library = library or LlamaLibrary(_model_file(folder), self._settings.placement)
        self.worker = Worker(library, self._settings.caps, self._settings.prompt_tokens, seat)
        self._ids = count(1)

    def prepare(self, call: str, messages: Sequence[Message], tools: Sequence[ToolOffer] = ()) -> None:
        """See ``ConversationLlm``."""
        request = Request(next(self._ids), call, tuple(messages), tuple(tools), Priority.AHEAD, most=0)
        self.worker.start(request, lambda _: None)

    async def warm(self, messages: Sequence[Message] | None = None, tools: Sequence[ToolOffer] = ()) -> None:
        """Read what calls will have in common, the system prompt and tools, and keep it.

        ``messages``: None for the engine's ``opening``, which may be empty: then nothing is read.
        """
        if messages is None:
            messages = [Message("system", self._opening)] if self._opening else []
        if not messages:
            return
        call = f"warm {next(self._ids)}"
        request = Request(next(self._ids), call, tuple(messages), tuple(tools), Priority.AHEAD, most=0)
        async for _ in self._events(request):
            pass
        self.worker.forget(call)

    async def reply(
        self,
        call: str,
        messages: Sequence[Message],
        tools: Sequence[ToolOffer] = (),
        urgent: bool = True,
        insist: bool = False,
    ) -> AsyncIterator[str | ToolRequest]:
        """See ``ConversationLlm``; who waits for nothing urgent has memory of its own."""
        priority = Priority.FIRST if urgent else Priority.BACKGROUND
        request = Request(
            next(self._ids),
            call if urgent else f"{call} in the background",
            tuple(messages),
            tuple(tools),
            priority,
            self._settings.reply_tokens,
            insist,
            self._settings.sampling,
        )
        try:
            async for event in self._events(request):
                yield event.text if isinstance(event, Said) else event.request
        finally:
            if not urgent:
                self.worker.forget(request.call)

    async def generate(self, instruction: str, question: str, passages: Sequence[str]) -> AsyncIterator[str]:
        """See ``ports.Llm``: a reply outside any conversation."""
        call = f"question {next(self._ids)}"
        try:
            async for said in self.reply(call, asked(instruction, question, passages)):
                if isinstance(said, str):
                    yield said
        finally:
            self.worker.forget(call)

    def forget(self, call: str) -> None:
        """See ``ConversationLlm``."""
        self.worker.forget(call)

    def close(self) -> None:
        """Stops all work and frees the model."""
        self.worker.close()

    async def _events(self, request: Request) -> AsyncIterator[Said | Asked]:
        """Of one request, to its end. Raises EngineError with the code it ended with."""
        loop = asyncio.get_running_loop()
        events: asyncio.Queue[Event] = asyncio.Queue()

        def deliver(event: Event) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(events.put_nowait, event)

        self.worker.start(request, deliver)
        over = False
        try:
            while True:
                event = await events.get()
                if isinstance(event, Over):
                    over = True
                    if event.code:
                        raise EngineError(event.code, event.message.removeprefix(f"{event.code}: "))
                    return
                yield event
        finally:
            if not over:
                self.worker.cancel(request.id)


def _model_file(folder: Path) -> Path:
    """The GGUF file in ``folder``; of a model in parts the first."""
    files = sorted(folder.glob("*.gguf"))
    if not files:
        message = f"no GGUF file in {folder}; voicecore models pull gets models"
        raise EngineError("model-missing", message, folder=str(folder))
    return files[0]

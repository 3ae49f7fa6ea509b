"""The one thread that owns the model: takes requests, runs step after step, hands out what was said."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from models.llm_llama.cache import Cache
from models.llm_llama.grammar import tool_grammar
from models.llm_llama.library import CacheFull, Interrupted, Library
from models.llm_llama.prompt import Prompt, Prompter
from models.llm_llama.reply import Reply
from models.llm_llama.sampler import Sampler
from models.llm_llama.scheduler import Caps, Job, Scheduler, Share
from models.llm_llama.talk import Event, Over, Request
from models.sharing.board import Seat, alone
from models.sharing.precedence import Need
from voicecore.errors import EngineError, VoicecoreError
from voicecore.types import Floats

log = logging.getLogger(__name__)

Deliver = Callable[[Event], None]
CLOSED = "the language model was shut down"
FULL = "the language model's memory is full of calls at work"


@dataclass(frozen=True, slots=True)
class StepRecord:
    """What one step did and cost."""

    decoded: int
    read: int
    model_s: float
    """In llama.cpp."""
    whole_s: float
    """With all that was done for it in Python."""


class Worker:
    """Replies to many calls at once. ``start``, ``cancel``, ``forget`` and ``close`` are for any thread.

    A cancelled request takes part in no step that has not begun; a step that works for cancelled requests
    only is given up in the middle.
    """

    def __init__(self, library: Library, caps: Caps, longest_prompt: int, seat: Seat | None = None) -> None:
        """``longest_prompt``: tokens; older messages are left out of longer ones. ``seat``: at the board of
        the device, where others compute on it."""
        self._library = library
        self._cache = Cache(library)
        self._prompter = Prompter(library, longest_prompt)
        self._scheduler = Scheduler(caps, library.batch, library.sequences)
        self._replies: dict[Job, Reply] = {}
        self._orders: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._flight: frozenset[int] = frozenset()
        self._cancelled: set[int] = set()
        self._closing = False
        self._seat = seat or alone()
        self._announced = False
        self.steps = 0
        self.records: deque[StepRecord] = deque(maxlen=4096)
        self._thread = threading.Thread(target=self._run, name="llm", daemon=True)
        self._thread.start()

    def start(self, request: Request, deliver: Deliver) -> None:
        """Take up ``request``; ``deliver`` is called in the worker's thread, or at once after ``close``."""
        if self._closing:
            deliver(Over(request.id, "llm-closed", CLOSED))
            return
        self._orders.put(partial(self._start, request, deliver))

    def cancel(self, request_id: int) -> None:
        """Stop it; one that is over already is left as it is."""
        with self._lock:
            self._cancelled.add(request_id)
            if self._flight and self._flight <= self._cancelled:
                self._library.interrupt()
        self._orders.put(partial(self._cancel, request_id))

    def forget(self, call: str) -> None:
        """Stop the call's work and free its memory."""
        self._orders.put(partial(self._forget, call))

    def close(self) -> None:
        """End the thread and free the model; requests under way fail."""
        self._closing = True
        with self._lock:
            if self._flight:
                self._library.interrupt()
        self._orders.put(lambda: None)
        self._thread.join()
        self._announce(False)
        self._fail(list(self._replies), EngineError("llm-closed", CLOSED))
        self._take_orders()
        self._library.close()

    def _run(self) -> None:
        while not self._closing:
            if not self._replies:
                self._announce(False)
                self._obey(self._orders.get())
            self._take_orders()
            need = self._scheduler.need
            self._announce(need is Need.URGENT)
            self._seat.give_way(need, until=lambda: not self._orders.empty())
            begun = time.perf_counter()
            shares = self._scheduler.plan()
            try:
                if shares:
                    self._step(shares, begun)
            except Exception as exc:
                log.exception("a step of the language model failed")
                self._fail(list(self._replies), EngineError("llm-failed", type(exc).__name__))

    def _announce(self, urgent: bool) -> None:
        """Let others on the device know whether a caller waits for a first sentence."""
        if urgent is not self._announced:
            self._announced = urgent
            (self._seat.begin if urgent else self._seat.end)()

    def _take_orders(self) -> None:
        """All that wait."""
        while not self._orders.empty():
            self._obey(self._orders.get())

    @staticmethod
    def _obey(order: Callable[[], None]) -> None:
        try:
            order()
        except Exception:
            log.exception("an order to the language model failed")

    def _start(self, request: Request, deliver: Deliver) -> None:
        if request.id in self._cancelled:
            return
        if self._closing:
            deliver(Over(request.id, "llm-closed", CLOSED))
            return
        rivals = [reply for reply in self._replies.values() if reply.request.call == request.call]
        if not request.most and any(rival.request.most for rival in rivals):
            deliver(Over(request.id, "llm-superseded", "the call's reply is under way"))
            return
        for other in rivals:
            self._end(other, Over(other.request.id, "llm-superseded", "a newer request took its place"))
        try:
            reply = self._open(request, deliver)
        except VoicecoreError as exc:
            deliver(Over(request.id, exc.code, str(exc)))
            return
        except Exception as exc:
            deliver(Over(request.id, "llm-failed", type(exc).__name__))
            raise
        self._replies[reply.job] = reply
        reply.branch.busy = True
        self._scheduler.add(reply.job)
        if not reply.job.unread:
            self._end(reply, self._over(reply))

    def _open(self, request: Request, deliver: Deliver) -> Reply:
        """Find out what of the prompt is in memory already. Raises EngineError and ConfigError."""
        build = self._prompter.whole if request.most else self._prompter.growing
        prompt = build(request.messages, request.tools)
        grammar = tool_grammar(request.tools) if request.tools else None
        if request.insist and grammar is None:
            raise EngineError("llm-no-tools", "a request for a tool was insisted on, but none is on offer")
        branch = self._cache.branch(request.call)
        job = Job(request.priority, 0, request.most)
        reply = Reply(request, prompt, branch, job, Sampler(request.sampling), deliver, grammar)
        self._aim(reply)
        if request.insist and grammar is not None:
            reply.hold(self._library, grammar)
        return reply

    def _aim(self, reply: Reply) -> None:
        """The last token is read again where it must yield a reply: only reading gives its logits."""
        prompt, branch = reply.prompt, reply.branch
        there = self._cache.aim(branch, prompt.tokens, prompt.shared, prompt.shortened)
        if there == len(prompt.tokens) and reply.job.most:
            there -= 1
            self._cache.cut(branch, there)
        reply.job.unread = reply.to_read = len(prompt.tokens) - there

    def _cancel(self, request_id: int) -> None:
        for reply in list(self._replies.values()):
            if reply.request.id == request_id:
                self._end(reply, None)
        self._cancelled.discard(request_id)

    def _forget(self, call: str) -> None:
        for reply in list(self._replies.values()):
            if reply.request.call == call:
                self._end(reply, Over(reply.request.id, "llm-forgotten", "the call is over"))
        self._cache.forget(call)

    def _step(self, shares: list[Share], begun: float) -> None:
        shares = self._fitting(shares)
        if not shares:
            return
        replies = [self._replies[share.job] for share in shares]
        pieces = [reply.piece(share) for reply, share in zip(replies, shares, strict=True)]
        with self._lock:
            self._library.resume()
            self._flight = frozenset(reply.request.id for reply in replies)
            if self._flight <= self._cancelled:
                self._flight = frozenset()
                return
        self.steps += 1
        decoding = time.perf_counter()
        try:
            logits = self._library.decode(pieces)
        except (Interrupted, CacheFull, EngineError) as exc:
            self._undo(replies, exc)
            return
        finally:
            with self._lock:
                self._flight = frozenset()
        decoded = time.perf_counter()
        for reply, piece in zip(replies, pieces, strict=True):
            self._cache.extend(reply.branch, piece.tokens)
        self._hand_out(shares, replies, logits)
        read = sum(share.tokens for share in shares)
        record = StepRecord(len(logits), read, decoded - decoding, time.perf_counter() - begun)
        self.records.append(record)

    def _fitting(self, shares: list[Share]) -> list[Share]:
        """The shares that there is room for; who finds none, least urgent first, fails."""
        while shares and not self._cache.make_room(sum(share.tokens or 1 for share in shares)):
            last = max(shares, key=lambda share: (share.job.priority, share.job.arrival))
            shares.remove(last)
            self._fail([last.job], EngineError("llm-full", FULL))
        return shares

    def _undo(self, replies: Sequence[Reply], exc: Exception) -> None:
        """A step broke off: forget what it left, and give up those it cannot be tried again for."""
        for reply in replies:
            sound = not isinstance(exc, EngineError)
            self._cache.cut(reply.branch, len(reply.branch.tokens) if sound else 0)
        if isinstance(exc, CacheFull) and not self._cache.evict():
            last = max(replies, key=lambda reply: (reply.job.priority, reply.job.arrival))
            self._fail([last.job], EngineError("llm-full", FULL))
        elif isinstance(exc, EngineError):
            self._fail([reply.job for reply in replies], exc)

    def _hand_out(self, shares: Sequence[Share], replies: Sequence[Reply], logits: Floats) -> None:
        row = 0
        for share, reply in zip(shares, replies, strict=True):
            if self._scheduler.advance(share):
                self._take(reply, logits[row])
                row += 1
            elif not reply.job.unread:
                self._end(reply, self._over(reply))
        for share, reply in zip(shares, replies, strict=True):
            if share.tokens:
                self._share(reply)

    def _take(self, reply: Reply, logits: Floats) -> None:
        try:
            ended = reply.request.id in self._cancelled or reply.take(logits, self._library)
        except EngineError as exc:
            self._fail([reply.job], exc)
            return
        if ended:
            self._end(reply, self._over(reply))

    def _share(self, reply: Reply) -> None:
        """Once a beginning is read that others want too, nobody reads it again."""
        prompt = reply.prompt
        if not prompt.shared or len(reply.branch.tokens) < prompt.shared or reply.branch.shared:
            return
        if not self._cache.keep(reply.branch, prompt.shared):
            return
        for other in self._replies.values():
            behind = len(other.branch.tokens) < prompt.shared
            if behind and _begins(other.prompt, prompt) and other.job.unread:
                self._aim(other)

    def _over(self, reply: Reply) -> Over:
        return Over(reply.request.id, "", "", reply.to_read, reply.job.decoded, self.steps)

    def _fail(self, jobs: Sequence[Job], exc: EngineError) -> None:
        for job in jobs:
            self._end(self._replies[job], Over(self._replies[job].request.id, exc.code, str(exc)))

    def _end(self, reply: Reply, over: Over | None) -> None:
        """Take it out of the schedule; what it has in memory stays for the call's next turn."""
        self._scheduler.remove(reply.job)
        self._replies.pop(reply.job, None)
        reply.branch.busy = False
        reply.close()
        if over is not None and over.id not in self._cancelled:
            reply.deliver(over)


def _begins(prompt: Prompt, other: Prompt) -> bool:
    return prompt.tokens[: other.shared] == other.tokens[: other.shared]

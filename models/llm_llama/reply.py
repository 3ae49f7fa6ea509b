"""One reply under way: from tokens to sentences, or to a request for a tool."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from dataclasses import dataclass, field

from models.llm_llama.cache import Branch
from models.llm_llama.grammar import OPENING, ToolGrammar
from models.llm_llama.library import Library, Piece
from models.llm_llama.prompt import Prompt
from models.llm_llama.sampler import Sampler
from models.llm_llama.scheduler import Job, Priority, Share
from models.llm_llama.sentences import Sentences
from models.llm_llama.talk import Asked, Event, Request, Said
from voicecore.types import Floats


@dataclass(slots=True, eq=False)
class Reply:
    """A request, its place in the schedule and in memory, and its text so far."""

    request: Request
    prompt: Prompt
    branch: Branch
    job: Job
    sampler: Sampler
    deliver: Callable[[Event], None]
    grammar: ToolGrammar | None = None
    asking: bool = False
    """Whether it has turned out to be a request for a tool."""
    to_read: int = 0
    _last: int = -1
    _text: str = ""
    _spoken: bool = False
    _sentences: Sentences = field(default_factory=Sentences)
    _decoder: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")("replace")
    )

    def piece(self, share: Share) -> Piece:
        """What goes into the next step for it."""
        start = len(self.branch.tokens)
        if not share.tokens:
            return Piece(self.branch.sequence, start, (self._last,), True)
        tokens = self.prompt.tokens[start : start + share.tokens]
        return Piece(
            self.branch.sequence, start, tokens, share.tokens == self.job.unread and self.job.most > 0
        )

    def hold(self, library: Library, grammar: ToolGrammar) -> None:
        """From now on it is a request for a tool and nothing else, with time enough for the longest."""
        self.sampler.constrain(library.constraint(grammar.gbnf))
        self.asking, self.job.most = True, self.job.decoded + grammar.longest + 1

    def take(self, logits: Floats, library: Library) -> bool:
        """Choose the next token from ``logits`` (float32 [vocabulary]), say what it completes; whether all
        is said. Raises EngineError("llm-bad-request")."""
        token = self.sampler.pick(logits)
        if self.grammar is not None and not self.asking and not self._text:
            begun = library.piece(token).decode(errors="ignore").lstrip()
            if begun.startswith(OPENING):
                self.hold(library, self.grammar)
                token = self.sampler.pick(logits)
        self._last = token
        ended = library.ends(token)
        if not ended:
            self._say(self._decoder.decode(library.piece(token)))
        if ended or not self.job.decoding:
            self._conclude(cut=not ended)
            return True
        return False

    def _say(self, text: str) -> None:
        if self.asking:
            self._text += text
            return
        self._text = self._text or text.lstrip()
        for sentence in self._sentences.feed(text):
            self._voice(sentence)

    def _voice(self, sentence: str) -> None:
        self._spoken = True
        self.job.priority = max(self.job.priority, Priority.NEXT)
        self.deliver(Said(self.request.id, sentence))

    def _conclude(self, cut: bool) -> None:
        """Half a sentence is said only when there is nothing else."""
        if self.asking:
            assert self.grammar is not None
            self.deliver(Asked(self.request.id, self.grammar.read(self._text)))
        elif not (cut and self._spoken):
            for sentence in self._sentences.flush():
                self._voice(sentence)

    def close(self) -> None:
        """Free what it holds of the library."""
        self.sampler.constrain(None)

"""Who has what in the model's memory: beginnings kept once for all calls, and each call's own tokens."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from itertools import count

from models.llm_llama.library import Memory, Tokens
from voicecore.errors import EngineError

ANCHOR = 24
"""So many equal tokens in a row are taken for the same passage, moved."""


@dataclass(slots=True, eq=False)
class Branch:
    """What one call has in memory."""

    sequence: int
    tokens: list[int] = field(default_factory=list)
    shared: int = 0
    """So many of the first tokens lie in a kept beginning's cells."""
    base: Base | None = None
    busy: bool = False
    """A step is under way or planned for it: it must not be evicted."""
    used: int = 0

    @property
    def own(self) -> int:
        """Cells that would be free without it."""
        return len(self.tokens) - self.shared


@dataclass(slots=True, eq=False)
class Base:
    """A beginning that calls have in common (system prompt and tools), in a sequence of its own."""

    sequence: int
    tokens: Tokens
    used: int = 0


class Cache:
    """Keeps books on a ``Memory``; the least recently used idle branch makes room for a busy one.

    Branching is ``seq_cp`` in a unified cache: the cells of a beginning are counted, and read, once.
    """

    def __init__(self, memory: Memory, most_bases: int = 4) -> None:
        self._memory = memory
        self._most_bases = min(most_bases, memory.sequences - 1)
        self._free = list(range(memory.sequences - 1, -1, -1))
        self._branches: dict[Hashable, Branch] = {}
        self._bases: dict[Tokens, Base] = {}
        self._clock = count(1)

    @property
    def free(self) -> int:
        """Cells without a token."""
        kept = sum(len(base.tokens) for base in self._bases.values())
        return self._memory.cells - kept - sum(branch.own for branch in self._branches.values())

    def branch(self, key: Hashable) -> Branch:
        """The branch of ``key``, made if need be. Raises EngineError("llm-full") when all are busy."""
        branch = self._branches.get(key)
        if branch is None:
            branch = self._branches[key] = Branch(self._sequence())
        branch.used = next(self._clock)
        return branch

    def aim(self, branch: Branch, wanted: Tokens, shared: int, shift: bool = False) -> int:
        """Turn ``branch`` into the longest possible beginning of ``wanted``; returns how long it is.

        A beginning of ``shared`` tokens that is kept is taken over. With ``shift``, tokens that follow
        on something that is left out are moved up, though they were read in its light (StreamingLLM,
        Xiao et al. 2023); without, the result is exactly what reading ``wanted`` afresh would give.
        """
        same = common(branch.tokens, wanted)
        base = self._bases.get(wanted[:shared]) if shared else None
        if base is not None and same < len(base.tokens):
            self.cut(branch, 0)
            self._memory.copy(base.sequence, branch.sequence, len(base.tokens))
            branch.tokens, branch.shared, branch.base = list(base.tokens), len(base.tokens), base
            base.used = next(self._clock)
            same = len(base.tokens)
        elif same < len(branch.tokens):
            same = self._moved(branch, wanted, same) if shift else same
            self.cut(branch, same)
        return same

    def _moved(self, branch: Branch, wanted: Tokens, same: int) -> int:
        """Close the gap that makes ``branch`` go on like ``wanted``, if there is one: the new length."""
        anchor = list(wanted[same : same + ANCHOR])
        if not self._memory.shifts or len(anchor) < ANCHOR or same < branch.shared:
            return same
        for start in range(same + 1, len(branch.tokens) - ANCHOR + 1):
            if branch.tokens[start] == anchor[0] and branch.tokens[start : start + ANCHOR] == anchor:
                self._memory.drop(branch.sequence, same, start)
                del branch.tokens[same:start]
                return common(branch.tokens, wanted)
        return same

    def extend(self, branch: Branch, tokens: Sequence[int]) -> None:
        """A step put ``tokens`` at the end of ``branch``."""
        branch.tokens.extend(tokens)

    def cut(self, branch: Branch, length: int) -> None:
        """Forget what ``branch`` has beyond ``length`` tokens, and whatever a broken step left there."""
        self._memory.cut(branch.sequence, length)
        del branch.tokens[length:]
        branch.shared = min(branch.shared, length)
        if not branch.shared:
            branch.base = None

    def keep(self, branch: Branch, length: int) -> bool:
        """Keep the first ``length`` tokens of ``branch`` for others; whether they are now in a sequence."""
        tokens = tuple(branch.tokens[:length])
        if not length or len(tokens) < length or branch.shared or tokens in self._bases:
            return False
        if len(self._bases) >= self._most_bases and not self._evict_base():
            return False
        try:
            base = Base(self._sequence(), tokens, next(self._clock))
        except EngineError:
            return False
        self._memory.copy(branch.sequence, base.sequence, length)
        self._bases[tokens] = base
        branch.shared, branch.base = length, base
        return True

    def forget(self, key: Hashable) -> None:
        """Free all that ``key`` had of its own."""
        branch = self._branches.pop(key, None)
        if branch is not None:
            self.cut(branch, 0)
            self._free.append(branch.sequence)

    def make_room(self, cells: int) -> bool:
        """Evict idle branches, then unused beginnings, until ``cells`` are free; whether they are."""
        while self.free < cells:
            if not self.evict():
                return False
        return True

    def evict(self) -> bool:
        """Forget what was idle longest, calls before beginnings; False if all is at work."""
        return self._evict_branch(with_own=True) or self._evict_base() or self._evict_branch()

    def _sequence(self) -> int:
        if not self._free and not self._evict_branch() and not self._evict_base():
            raise EngineError("llm-full", "every sequence of the language model is at work")
        return self._free.pop()

    def _evict_branch(self, with_own: bool = False) -> bool:
        idle = [
            (branch.used, key)
            for key, branch in self._branches.items()
            if not branch.busy and (branch.own or not with_own)
        ]
        if not idle:
            return False
        self.forget(min(idle, key=lambda entry: entry[0])[1])
        return True

    def _evict_base(self) -> bool:
        """Only one that no branch lies in: its cells are the branch's too."""
        held = {id(branch.base) for branch in self._branches.values()}
        idle = [base for base in self._bases.values() if id(base) not in held]
        if not idle:
            return False
        base = min(idle, key=lambda base: base.used)
        self._memory.cut(base.sequence, 0)
        self._free.append(base.sequence)
        del self._bases[base.tokens]
        return True


def common(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens two sequences begin with alike."""
    length = min(len(one), len(other))
    if tuple(one[:length]) == tuple(other[:length]):
        return length
    return next(n for n in range(length) if one[n] != other[n])

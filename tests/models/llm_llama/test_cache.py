from __future__ import annotations

import pytest

from models.llm_llama.cache import ANCHOR, Cache, common
from models.llm_llama.library import Piece
from voicecore.errors import EngineError

SYSTEM = tuple(range(50))


def made(fake, **facts):
    library = fake(**facts)
    return library, Cache(library)


def read(library, cache, key, tokens, shared=0, shift=False):
    """Bring ``key``'s branch to ``tokens``; how many had to be read."""
    branch = cache.branch(key)
    there = cache.aim(branch, tuple(tokens), shared, shift)
    rest = tuple(tokens)[there:]
    if rest:
        library.decode([Piece(branch.sequence, there, rest, False)])
        cache.extend(branch, rest)
    if shared:
        cache.keep(branch, shared)
    assert library.history(branch.sequence) == branch.tokens == list(tokens)
    assert cache.free == library.cells - library.used
    return len(rest)


@pytest.mark.parametrize(
    ("one", "other", "length"), [((), (1,), 0), ((1, 2), (1, 2, 3), 2), ((1, 2, 3), (1, 9, 3), 1)]
)
def test_common(one, other, length):
    assert common(one, other) == length


def test_a_beginning_is_read_once_for_all(fake):
    library, cache = made(fake)
    read_tokens = [read(library, cache, call, (*SYSTEM, 200 + call), len(SYSTEM)) for call in range(5)]
    assert read_tokens == [51, 1, 1, 1, 1]
    assert library.used == 50 + 5


def test_what_grows_is_read_once(fake):
    library, cache = made(fake)
    assert read(library, cache, "a", range(20)) == 20
    assert read(library, cache, "a", range(30)) == 10


def test_what_changed_is_read_again_from_there(fake):
    library, cache = made(fake)
    read(library, cache, "a", range(40))
    assert read(library, cache, "a", (*range(30), 99, *range(31, 40))) == 10


def test_rolling_back_into_a_kept_beginning_leaves_it_whole(fake):
    library, cache = made(fake)
    read(library, cache, "a", (*SYSTEM, 1, 2), 50)
    read(library, cache, "a", SYSTEM[:20])
    assert read(library, cache, "b", (*SYSTEM, 3), 50) == 1


def test_what_only_moved_is_moved(fake):
    library, cache = made(fake)
    old, new = tuple(range(100, 120)), tuple(range(130, 130 + 2 * ANCHOR))
    read(library, cache, "a", (*SYSTEM, *old, *new), 50)
    assert read(library, cache, "a", (*SYSTEM, *new, 7), 50, shift=True) == 1


def test_without_leave_nothing_is_moved(fake):
    library, cache = made(fake)
    old, new = tuple(range(100, 120)), tuple(range(130, 130 + 2 * ANCHOR))
    read(library, cache, "a", (*SYSTEM, *old, *new), 50)
    assert read(library, cache, "a", (*SYSTEM, *new, 7), 50) == len(new) + 1


def test_a_memory_that_cannot_move_reads_again(fake):
    library, cache = made(fake, shifts=False)
    new = tuple(range(130, 130 + 2 * ANCHOR))
    read(library, cache, "a", (*range(20), *new))
    assert read(library, cache, "a", (0, *new), shift=True) == len(new)


def test_a_kept_beginning_is_never_moved(fake):
    library, cache = made(fake)
    new = tuple(range(130, 130 + 2 * ANCHOR))
    tokens = (*SYSTEM, *new)
    read(library, cache, "a", tokens, len(tokens))
    assert read(library, cache, "a", (*SYSTEM[:10], *new), shift=True) == len(new)
    assert read(library, cache, "b", (*tokens, 5), len(tokens)) == 1


def test_forgetting_frees_all_but_the_beginning(fake):
    library, cache = made(fake)
    read(library, cache, "a", (*SYSTEM, 1, 2, 3), 50)
    cache.forget("a")
    cache.forget("a")
    assert library.used == 50


def test_the_longest_idle_makes_room(fake):
    library, cache = made(fake, cells=100)
    read(library, cache, "old", range(40))
    read(library, cache, "new", range(100, 140))
    assert cache.make_room(50)
    assert cache.free == 60
    assert read(library, cache, "new", range(100, 141)) == 1


def test_who_is_at_work_is_not_evicted(fake):
    library, cache = made(fake, cells=100)
    read(library, cache, "a", range(80))
    cache.branch("a").busy = True
    assert not cache.make_room(50)
    cache.branch("a").busy = False
    assert cache.make_room(100)


def test_a_beginning_goes_last_and_only_with_who_lies_in_it(fake):
    library, cache = made(fake, cells=100)
    read(library, cache, "a", SYSTEM, 50)
    assert cache.make_room(100)
    assert library.used == 0


def test_sequences_are_taken_from_the_idle(fake):
    library, cache = made(fake, sequences=3)
    for call in range(6):
        read(library, cache, call, (*SYSTEM, 60 + call), 50)
    for call in (4, 5):
        cache.branch(call).busy = True
    with pytest.raises(EngineError, match="llm-full"):
        cache.branch("one more")


def test_few_beginnings_are_kept(fake):
    library = fake()
    cache = Cache(library, most_bases=2)
    for first in range(4):
        read(library, cache, "a", (first, *SYSTEM), 51)
    cache.forget("a")
    assert library.used <= 2 * 51

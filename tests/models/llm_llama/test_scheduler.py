from __future__ import annotations

import pytest

from models.llm_llama.scheduler import Caps, Job, Priority, Scheduler
from voicecore.errors import ConfigError

CAPS = Caps(alone=128, urgent=64, beside=16, background_every=4)


def scheduler(*jobs, batch=512, rows=64):
    made = Scheduler(CAPS, batch, rows)
    for job in jobs:
        made.add(job)
    return made


def job(priority=Priority.FIRST, unread=0, most=10):
    return Job(priority, unread, most)


def shared(made):
    return [(share.job, share.tokens) for share in made.plan()]


def run(made, steps):
    """Plans of so many steps, each done."""
    plans = []
    for _ in range(steps):
        plan = made.plan()
        for share in plan:
            made.advance(share)
            if not share.job.unread and not share.job.decoding:
                made.remove(share.job)
        plans.append(plan)
    return plans


def test_nothing_to_do():
    assert scheduler().plan() == []


def test_everybody_decodes_in_every_step():
    jobs = [job() for _ in range(8)]
    assert shared(scheduler(*jobs)) == [(each, 0) for each in jobs]


def test_a_lone_prompt_is_read_in_large_pieces():
    one = job(unread=200)
    plans = run(scheduler(one), 3)
    assert [share.tokens for plan in plans for share in plan] == [128, 72, 0]
    assert one.decoded == 2


@pytest.mark.parametrize(("priority", "tokens"), [(Priority.FIRST, 64), (Priority.AHEAD, 16)])
def test_beside_decoding_little_is_read(priority, tokens):
    speaker, reader = job(), job(priority, unread=200)
    assert shared(scheduler(speaker, reader)) == [(speaker, 0), (reader, tokens)]


def test_who_waits_reads_first():
    ahead, background = job(Priority.AHEAD, unread=100, most=0), job(Priority.BACKGROUND, unread=100)
    late = job(Priority.FIRST, unread=50)
    assert shared(scheduler(ahead, background, late)) == [(late, 50), (ahead, 78)]


def test_equals_are_served_in_order_of_arrival():
    one, two = job(unread=100), job(unread=100)
    assert shared(scheduler(one, two)) == [(one, 100), (two, 28)]


def test_background_work_waits_for_a_first_sentence_but_not_for_ever():
    waits, summary = job(most=100), job(Priority.BACKGROUND, most=100)
    plans = run(scheduler(waits, summary), 8)
    assert [len(plan) for plan in plans] == [1, 1, 1, 2, 1, 1, 1, 2]


def test_background_work_goes_on_while_nobody_waits():
    speaks, summary = job(Priority.NEXT), job(Priority.BACKGROUND)
    assert shared(scheduler(speaks, summary)) == [(speaks, 0), (summary, 0)]


def test_a_prompt_that_is_only_read_yields_no_token():
    ahead = job(Priority.AHEAD, unread=5, most=0)
    made = scheduler(ahead)
    (share,) = made.plan()
    assert not made.advance(share)
    assert not ahead.decoding


def test_no_more_tokens_than_a_batch_holds():
    made = scheduler(*(job() for _ in range(3)), job(unread=100), batch=8)
    assert [tokens for _, tokens in shared(made)] == [0, 0, 0, 5]


def test_no_more_results_than_rows():
    made = scheduler(job(), job(), job(unread=10), rows=2)
    assert [tokens for _, tokens in shared(made)] == [0, 0]


def test_who_is_removed_has_no_part_in_the_next_step():
    stays, goes = job(), job()
    made = scheduler(stays, goes)
    made.plan()
    made.remove(goes)
    made.remove(goes)
    assert shared(made) == [(stays, 0)]
    assert tuple(made.jobs) == (stays,)


def test_caps_are_checked():
    with pytest.raises(ConfigError, match="bad-caps"):
        Caps(alone=0)

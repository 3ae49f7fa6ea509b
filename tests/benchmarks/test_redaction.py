"""The redaction test sets: readable, as the speaker writes them, and fairly scored."""

from random import Random

import pytest
from stdnum import luhn

from benchmarks.redaction.bench import PARTS, redact
from benchmarks.redaction.corpus import cases, parse
from benchmarks.redaction.noise import misheard
from benchmarks.redaction.score import Score, scored
from benchmarks.redaction.speaker import HERE, SPLITS, chat, doubled, one_by_one, paired, speak
from benchmarks.redaction.values import MAKERS


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize(("kind", "written"), [("", speak), ("ordinary_", chat)])
def test_the_sets_are_what_the_speaker_writes(split, kind, written):
    wordings = (HERE / "wordings" / f"{kind}{split}.txt").read_text().splitlines()
    assert (HERE / f"{kind}{split}.txt").read_text().splitlines() == written(wordings, split)


def test_the_sets_are_large_enough():
    private = [
        turn for part in PARTS for case in cases(part) for turn in case if turn.planted and not turn.agent
    ]
    assert len(private) >= 600
    assert sum(len(cases(f"ordinary_{part}")) for part in PARTS) >= 3000
    assert {p.entity for turn in private for p in turn.planted} >= {entity for entity, _ in MAKERS.values()}


def test_a_case_is_a_line():
    agent, caller = parse("> your card | it's {card:four one} ok")
    assert (agent.agent, agent.text, caller.text) == (True, "your card", "it's four one ok")
    assert [(p.entity, p.start, p.end) for p in caller.planted] == [("card", 1, 3)]


def test_values_have_valid_check_digits():
    random = Random(1)
    assert all(luhn.is_valid("".join(MAKERS["card"][1](random))) for _ in range(50))


def test_ways_to_say_digits():
    random = Random(1)
    assert doubled(random, "4411") == "double four double one"
    assert paired(random, "1217") == "twelve seventeen"
    assert one_by_one(random, "12") == "one two"


def test_recognition_errors_keep_what_is_planted_and_spare_the_agent():
    case = parse("> my card is | {card:four one one one} {cvv:two three four} and so on for a long while")
    heard = [misheard(case, Random(seed)) for seed in range(200)]
    assert all(turns[0] == case[0] for turns in heard)
    assert len({turns[1].words for turns in heard}) > 50
    for _, caller in heard:
        assert [p.entity for p in caller.planted] == ["card", "cvv"]
        assert all(p.end <= len(caller.words) for p in caller.planted)


def test_a_leak_is_a_miss_and_a_wrong_name_is_told_apart_from_a_wrong_finding():
    (turn,) = parse("it's {card:four uh one} and bye")
    score = Score()
    score.add(turn, [("phone", 5, 9), ("phone", 13, 16), ("name", 21, 24)])
    assert score.recall("card") == score.recall("digits") == 1.0
    assert (score.precision("digits"), score.naming("digits"), score.precision("all")) == (1.0, 0.0, 2 / 3)
    score.add(turn, [("card", 5, 9)])
    assert score.recall("card") == 0.5


def test_ours_on_a_few_cases():
    few = cases("dev")[:20]
    assert scored(few, redact(few).spans).recall("all") == 1.0

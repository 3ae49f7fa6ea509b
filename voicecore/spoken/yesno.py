"""Parses agreement and refusal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from voicecore.spoken.words import HEDGES, Parsed, listed, starts, tokens

_YES = listed(
    """
    yes | yeah | yep | yup | ya | yea | aye | sure | sure thing | ok | okay | all right | alright |
    correct | right | true | exactly | precisely | absolutely | definitely | certainly | indeed |
    of course | affirmative | positive | perfect | great | fine | good | sounds good | sounds right |
    sounds fine | that's right | that's correct | that's it | that's fine | that's good | that's me |
    that's true | that is right | that is correct | that works | you got it | go ahead | go for it |
    please do | do it | do so | by all means | why not | no problem | no worries | no objection |
    no objections | not a problem | uh huh | mm hm | mm hmm | mhm | mmhmm | let's do it | let's do that |
    i guess so | i think so | i suppose so | i agree | agreed | very well | i don't mind | i do not mind |
    don't mind | do not mind | not wrong
    """
)
_NO = listed(
    """
    no | nope | nah | naw | nay | negative | never | wrong | incorrect | false | not really | not quite |
    not exactly | not right | not correct | not true | not now | not yet | not at all | not that |
    not today | no way | no thanks | no thank you | no sir | no ma'am | that's wrong | that's not right |
    that's not | that is not |
    that's not it | that's not correct | that's incorrect | that is wrong | that is not right |
    isn't right | isn't correct | isn't it | don't | do not | i don't | i do not | i don't think so |
    i wouldn't | i can't | i'm not | i am not | it isn't | it's not | it is not | it doesn't |
    absolutely not | of course not | definitely not | certainly not | i'd rather not | rather not |
    please don't | uh uh | mm mm | nuh uh | i'm afraid not | i didn't | i haven't | not me | not okay |
    not ok | not fine | not good | don't think so
    """
)
_NEITHER = listed(
    """
    not sure | not certain | not so sure | i'm not sure | i am not sure | don't know | do not know |
    i don't know | i do not know | no idea | i have no idea | don't understand | i don't understand |
    i do not understand | do not understand | right now | right away | right here | good question |
    good morning | good afternoon | good evening | good bye | yes or no | no matter | fine print | no one |
    no longer | all right so
    """
)
_CLOSING = listed("i do | i would | i am | i did | i have | it is | it does | it was | it will | do that")
"""Agreement only at the end: "yes it is", but not "it is about my bill"."""
_RESERVATIONS = frozenset({"but", "except", "only"})
_POLITE = frozenset(listed("please thanks thank you sir ma'am oh so then uh um well hm hmm"))
_MEANINGS = dict.fromkeys((*_YES, *_CLOSING), True) | dict.fromkeys(_NO, False) | dict.fromkeys(_NEITHER)
_PHRASES = sorted(((tuple(p.split()), m) for p, m in _MEANINGS.items()), key=lambda entry: -len(entry[0]))
"""All phrases with their meaning, longest first; None marks words that look like an answer and are none."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """A phrase that agrees or refuses; ``start`` and ``end`` are token indexes."""

    yes: bool
    start: int
    end: int


def _answers(words: Sequence[str]) -> list[_Answer]:
    answers = []
    at = 0
    while at < len(words):
        phrase, meaning = next(((p, m) for p, m in _PHRASES if starts(words, at, p)), ((words[at],), None))
        end = at + len(phrase)
        closes = _POLITE.issuperset(words[end:]) or " ".join(phrase) not in _CLOSING
        if meaning is not None and closes:
            answers.append(_Answer(meaning, at, end))
        at = end
    return answers


def parse_yes_no(text: str) -> Parsed[bool] | None:
    """Yes (True) or no (False): "that's right", "nope", "not really", "uh huh"; None for neither.

    When both are said the last one counts ("yeah no"), and is not certain; nor is an answer with
    a "but", or one in the middle of other words.
    """
    found = tokens(text, fillers=True)
    words = [token.text for token in found]
    answers = _answers(words)
    if not answers:
        return None
    value = answers[-1].yes
    agreeing = list(takewhile(lambda answer: answer.yes == value, reversed(answers)))
    edge = _POLITE.issuperset(words[: answers[0].start]) or _POLITE.issuperset(words[answers[-1].end :])
    certain = len(agreeing) == len(answers) and edge and (HEDGES | _RESERVATIONS).isdisjoint(words)
    return Parsed(value, (found[agreeing[-1].start].at, found[answers[-1].end - 1].at + 1), certain)

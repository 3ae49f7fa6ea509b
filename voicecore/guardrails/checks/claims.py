"""Output: promises, advice and insults, by wording and classifier, unless people approved the sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import MappingProxyType

from voicecore.guardrails.findings import Finding
from voicecore.guardrails.grounds import Grounds
from voicecore.guardrails.schema import Guardrails, OutputClass
from voicecore.guardrails.turn import Opinions
from voicecore.guardrails.words import normal

SUPPORTED = 0.8
"""From here on a sentence says what an approved text says."""
_OFFERED = (
    r"(?:refund|refunded|credit|credited|compensat\w+|reimburs\w+|waive|waived|discount|free of "
    r"charge|for free|gift)"
)
PATTERNS = MappingProxyType(
    {
        "harm": (
            r"\b(?:fuck\w*|shit|asshole|bastard|bitch|cunt|moron|idiot|retard|wanker)s?\b",
            r"\byou (?:are )?(?:\w+ )?(?:stupid|dumb|worthless|pathetic)\b|\bshut up\b|\bgo to hell\b|"
            r"\bgo away\b",
            r"\b(?:better if you were|kill your ?self|you should die)\b",
        ),
        "advice": (
            r"\b(?:you should|you had better|i (?:would )?advise you|i (?:would )?recommend|my "
            r"recommendation is|in your case i would)"
            r" (?:\w+ ){0,4}(?:sue|court|lawyer|invest|shares|stocks?|bitcoin|loan|bankruptcy|divorce|"
            r"medication|tablets?|dose|"
            r"antibiotic|fund|taxes|appeal)\b",
            r"\b(?:legally|by law|under the law)\b.*\b(?:you|your)\b|\byou (?:would|will) win (?:in "
            r"court|the case)\b",
            r"\b(?:take|double|stop taking|increase) (?:\w+ ){0,3}(?:tablets?|pills?|dose|medication|"
            r"ibuprofen|aspirin|insulin)\b",
            r"\bsafe investment\b|\b(?:price|shares?|fund) (?:will|always) (?:rise|go(?:es)? up)\b",
        ),
        "promise": (
            r"\bi (?:\w+ )?(?:promise|guarantee|assure you|give you my word)\b|\byou have my word\b|"
            r"\bguaranteed\b|\bwe guarantee\b",
            rf"\b(?:i|we) (?:have|will|can|am going to|are going to|hereby)(?: \w+){{0,3}} {_OFFERED}\b",
            rf"\byou (?:will )?(?:get|receive|have)(?: \w+){{0,4}} (?:{_OFFERED}|money back|year free)\b",
            r"\b(?:i|we) (?:have|will|hereby|can)(?: \w+){0,2} (?:cancel(?:led)?|removed?|deleted?|"
            r"erased?|forget|wiped?)(?: \w+){0,3} "
            r"(?:debt|fees?|charges?|invoice|reminder|contract|balance)\b",
            r"\b(?:you|nothing) (?:do not have to pay|owe nothing|is owed)\b|\b(?:debt|balance|invoice) "
            r"is (?:cancelled|zero|gone|settled)\b",
            r"\b(?:legally binding|for ever at|at no cost|no consequences|set your balance)\b",
            r"\b(?:will definitely|certainly will|will never (?:be|happen|rise))\b",
        ),
    }
)
"""Class -> regular expressions over ``words.normal`` text."""
CERTAIN = 0.95
DOUBTED = 0.3
"""A sentence that nothing supports at all is taken for a claim so much sooner."""
_NEGATED = re.compile(
    r"\b(?:i|we) (?:can not|am not able to|may not|must not|do not|am not allowed to|could not)\b"
)
_COMPILED = {kind: [re.compile(pattern) for pattern in patterns] for kind, patterns in PATTERNS.items()}
_KINDS: tuple[OutputClass, ...] = ("harm", "advice", "promise")


def claims(sentence: str, grounds: Grounds, opinions: Opinions, rules: Guardrails) -> Iterator[Finding]:
    """What only a person may say, unless an approved text or a passage says it."""
    support = grounds.support(sentence)
    if support >= SUPPORTED:
        return
    text = normal(sentence)
    refused = bool(_NEGATED.search(text))
    for kind in _KINDS:
        reaction = rules.answer(kind)
        if reaction is None:
            continue
        matched = CERTAIN * any(p.search(text) for p in _COMPILED[kind])
        guessed = max((scores.get(kind, 0.0) for scores in opinions.values()), default=0.0)
        score = 0.0 if refused and kind != "harm" else max(matched, guessed)
        if score >= reaction.at_least - DOUBTED * (1 - support):
            by = "its wording" if matched >= guessed else "classifier"
            yield Finding("claims", kind, score, f"{kind} by {by}", reaction.action, reaction.say)

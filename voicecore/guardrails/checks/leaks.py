"""Output: private data, or what the agent was told in confidence."""

from __future__ import annotations

import re
from collections.abc import Iterator

from voicecore.guardrails.checks.claims import SUPPORTED
from voicecore.guardrails.findings import Finding
from voicecore.guardrails.grounds import Grounds
from voicecore.guardrails.schema import Guardrails
from voicecore.guardrails.turn import Opinions
from voicecore.guardrails.words import longest_shared, normal

TOKEN = re.compile(r"\[[A-Z]+(?:_[A-Z]+)*_\d+\]")
"""What stands for redacted data."""
SHARED = 6
"""Words in a row of an instruction that are no accident."""
_INSIDE = re.compile(
    r"\b(?:my|the) (?:hidden |secret |system |internal )*(?:instructions?|system prompt|prompt|guidelines) "
    r"(?:is|are|say|says|reads?|begins?)\b|\bi (?:was|am|have been) (?:told|instructed|programmed) "
    r"(?:not )?to\b"
    r"|\b(?:api key|password) (?:is|of)\b|\blanguage model with\b|\bi can (?:call|use) the (?:tools?|"
    r"functions?)\b"
    r"|\b(?:customer|caller) before you\b|\b(?:previous|last) caller\b|\byour neighbou?r\b.*\bowes?\b"
    r"|\b(?:address|name|number) of (?:that|this|the other|another) (?:customer|caller|person)\b"
    r"|\bpostcode (?:we|i) have(?: on file)? (?:is|starts|begins)\b"
)


def leaks(sentence: str, grounds: Grounds, opinions: Opinions, rules: Guardrails) -> Iterator[Finding]:
    """A token of redacted data, a piece of an instruction, or talk about either."""
    reaction = rules.answer("leak")
    if reaction is None:
        return
    reason = ""
    text = normal(sentence)
    score = 1.0
    if TOKEN.search(sentence):
        reason = "a token of redacted data"
    elif any(longest_shared(text.split(), normal(secret).split()) >= SHARED for secret in grounds.secrets):
        reason = "words of an instruction"
    elif grounds.support(sentence) < SUPPORTED:
        guessed = max((scores.get("leak", 0.0) for scores in opinions.values()), default=0.0)
        inside = bool(_INSIDE.search(text))
        score = 1.0 if inside else guessed
        reason = "talk about what is internal" if inside or guessed >= reaction.at_least else ""
    if reason:
        yield Finding("leaks", "leak", score, reason, reaction.action, reaction.say)

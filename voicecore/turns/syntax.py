"""Tells from the last words whether an English sentence can end there."""

from __future__ import annotations

import re
from enum import Enum


class Ending(Enum):
    """What the words so far say about an end."""

    UNKNOWN = "unknown"
    """No words, or none in a language that is read here."""
    HESITATING = "hesitating"
    """The last word is a hesitation: "um"."""
    OPEN = "open"
    """The last word wants another: "my number is", "and", "to the"."""
    MAY_GO_ON = "may go on"
    """A sentence could end here, but people often go on: a bare "no", "well", "i am"."""
    CLOSED = "closed"
    """Nothing is missing."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_HESITATIONS = _words("um uh er erm hmm hm mm uhm eh ah")
_DETERMINERS = _words("a an the my your his its our their every")
_DEMONSTRATIVES = _words("this that these those some any each her")
"""Also stand alone: "just this", "i think that"."""
_CONJUNCTIONS = _words(
    "and or but because if when while which whose whether than as since unless until although"
)
_PREPOSITIONS = _words("to of for from with at by into onto about between against during without under")
_PARTICLES = _words("in on up off out back through over")
"""Prepositions that end a sentence as often as not: "log in"."""
_AUXILIARIES = _words(
    "is are was were am be been being will would can could should shall may might must do does did has "
    "have had"
)
_WANTING = _words(
    "i'm i'd i'll i've you're we're they're it's that's there's let's want need like gonna wanna"
)
_SUBJECTS = _words("i we he she they")
_PRONOUNS = _SUBJECTS | _words("you it that this there")
_ANSWERS = _words("yes yeah yep no nope nah sure okay ok right")
_OPENERS = _ANSWERS | _words("well actually look listen hello hi please so alright oh thanks")
_EMBEDDERS = _words("all what everything")
"""Begin a clause that may end in its verb: "that's all i need"."""
_LEADS = _words(
    "number code digit digits account reference postcode zip pin card phone street name address email"
)
"""What people name before they say it: "my account number ... is one two"."""


def ending(text: str) -> Ending:
    """What the last words of ``text`` (any case, punctuation ignored) say about an end; "" is UNKNOWN.

    A rule on closed word classes: an English clause does not end in a determiner, a conjunction, most
    prepositions, a subject pronoun or an auxiliary (Quirk et al. 1985, A Comprehensive Grammar of the
    English Language, 2.39); short answers ("yes it is") do.
    """
    words = re.findall(r"[a-z0-9']+", text.lower().replace("’", "'"))
    if not words:
        return Ending.UNKNOWN
    last, before = words[-1], words[-2] if len(words) > 1 else ""
    if last in _HESITATIONS:
        return Ending.HESITATING
    if len(words) <= 2 and _OPENERS.issuperset(words):
        return Ending.MAY_GO_ON
    if last in _AUXILIARIES | _WANTING:
        return _after_verb(words)
    if last in _DETERMINERS | _CONJUNCTIONS | _PREPOSITIONS | _SUBJECTS:
        return Ending.OPEN
    if last in _DEMONSTRATIVES | _PARTICLES:
        open_before = _AUXILIARIES | _CONJUNCTIONS | _PREPOSITIONS | _DETERMINERS
        return Ending.OPEN if before in open_before else Ending.MAY_GO_ON
    if last in _LEADS and before in _DETERMINERS | _LEADS:
        return Ending.MAY_GO_ON
    return Ending.CLOSED


def _after_verb(words: list[str]) -> Ending:
    """ "my number is" wants more, "yes it is" and "that's all i need" do not, "i am" may."""
    if not _EMBEDDERS.isdisjoint(words[:-1]) and words[-2] in _PRONOUNS:
        return Ending.CLOSED
    if words[-1] in _AUXILIARIES and len(words) > 1 and words[-2] in _PRONOUNS:
        return Ending.CLOSED if words[0] in _ANSWERS else Ending.MAY_GO_ON
    return Ending.OPEN

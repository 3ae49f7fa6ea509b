"""The words that tell what a number, name or place is: "card number", "social", "reach me at"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from voicecore.redaction.entities import Entity
from voicecore.spoken.words import listed


@dataclass(frozen=True, slots=True)
class Cue:
    """Of which entity words speak, and how many characters a value may then have."""

    entity: str
    least: int
    most: int
    asked: int
    """The fewest when the agent asked for it, or part of it has been said."""


@dataclass(frozen=True, slots=True)
class Spotted:
    """A cue in a line; word indexes, ``end`` exclusive."""

    cue: Cue
    start: int
    end: int


WEAK = 4
"""From here on ``Cue.asked`` says that the words are about other things too: "expires", "card", "phone"."""
_TABLE: tuple[tuple[Cue, str], ...] = (
    (
        Cue(Entity.CARD, 4, 24, 2),
        "card number | number on the card | number on my card | number on it | long number | digits on the"
        " front | number on the front | card ending | card ends | card that ends | one ending | one that "
        "ends | one that ends | visa ending | visa that ends | visa number | amex number | mastercard "
        "number | american express number | debit number | card numbers | car number | digit number | "
        "sixteen digits | full number | mastercard ending | amex ending | card's number",
    ),
    (
        Cue(Entity.CARD, 11, 24, 11),
        "card | cards | visa | mastercard | master card | amex | american express | discover | debit | "
        "maestro",
    ),
    (
        Cue(Entity.CVV, 3, 4, 2),
        "security code | cvv | c v v | cvc | c v c | code on the back | digits on the back | number on "
        "the back | "
        "three digits | three digit | csc | c s c | verification value | code on the front | cvv number | "
        "c v v number | c v v code | back of the card | three numbers on the back | c v",
    ),
    (
        Cue(Entity.PASSCODE, 3, 10, 3),
        "pin | p i n | pin code | pin number | passcode | pass code | verification code | one time code | "
        "access code | password is | one time password",
    ),
    (
        Cue(Entity.EXPIRY, 3, 6, 3),
        "expiry | expiration | exp | exp date | valid through | valid thru | good through | good thru | "
        "expiry date | expiration date",
    ),
    (
        Cue(Entity.EXPIRY, 3, 6, WEAK),
        "expires | expire | expiring | expired | valid until | good until | valid to | runs out",
    ),
    (
        Cue(Entity.ACCOUNT, 4, 20, 2),
        "account number | a count number | acct number | account no | account numbers",
    ),
    (Cue(Entity.ACCOUNT, 6, 20, 6), "account | acct | checking | savings"),
    (
        Cue(Entity.ROUTING, 6, 12, 2),
        "routing | routing number | a b a | aba | transit number | rooting number | rooting | routine number",
    ),
    (
        Cue(Entity.SORT_CODE, 4, 8, 2),
        "sort code | sort code's | sort codes | bank sort | sword code | short code",
    ),
    (
        Cue(Entity.IBAN, 6, 40, 2),
        "iban | i b a n | iban's | eye ban | i ban | e ban | iban number | ibm number",
    ),
    (
        Cue(Entity.NATIONAL_ID, 6, 18, 2),
        "social | social security | s i n | ni | employer i d | social security number | s s n | ssn | tax"
        " id | tax i d | tax number | national insurance | insurance number | n i number | ni number | b s"
        " n | bsn | social insurance | dni | d n i | passport | driver's license | drivers license | "
        "driving licence | license number | licence number | nhs number | n h s number | aadhaar | id "
        "number | i d number | national id | national i d | nino | taxpayer | so shall | social number | d"
        " n i number | i t i n | socials",
    ),
    (
        Cue(Entity.PHONE, 6, 18, 2),
        "phone number | telephone number | cell | cellphone | mobile | call me | call me back | reach me |"
        " callback | call back | text me | my number | best number | reach you | calling from | ring me | "
        "landline | contact number | your number | work number | home number | call you | cell number | "
        "reach him | reach her | his number | her number | whatsapp | office line | message at | number to"
        " reach",
    ),
    (
        Cue(Entity.PHONE, 7, 18, 7),
        "phone | telephone | fax | extension | at work | call | calling | reach | ring | dial | text it | "
        "text | send the code | callback | contact | line | tried",
    ),
    (
        Cue(Entity.ADDRESS, 3, 9, 3),
        "zip | zip code | zip code's | zip's | postcode | post code | postal code | sip code | area zip |"
        " billing zip",
    ),
    (
        Cue(Entity.BIRTH_DATE, 4, 8, 3),
        "date of birth | berth | birthday | born | birth date | birthdate | d o b | dob | d.o.b | day of "
        "birth | year of birth | date of births | the year",
    ),
    (
        Cue(Entity.EMAIL, 99, 99, 99),
        "email | e mail | email address | e mail address | email's | mail address | emails",
    ),
    (
        Cue(Entity.NAME, 99, 99, 99),
        "your name | full name | first name | last name | surname | who am i speaking | who i am speaking | "
        "who i'm speaking | who is calling | who's calling | family name | spell your | given name | "
        "maiden name | "
        "middle name | name please | whom am i speaking | spell that | who am i talking | the name on",
    ),
    (
        Cue(Entity.ADDRESS, 99, 99, 99),
        "address | street address | live at | ship it to | where do you live | where should we send",
    ),
)
TAILS = (
    ("last", "four"),
    ("last", "4"),
    ("ending",),
    ("ends",),
    ("final", "four"),
    ("finishes",),
    ("finishing",),
    ("ended",),
    ("digits", "of"),
)
"""These make four digits enough."""


_COMMON = frozenset(listed("that from with what live mine where would"))
"""Words of cues that may stand inside a number all the same."""


class Cues:
    """The phrases, by their first word; a bundle adds its own."""

    def __init__(self, more: Sequence[tuple[Cue, Sequence[str]]] = ()) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], Cue]]] = {}
        for cue, phrases in (*((cue, listed(text)) for cue, text in _TABLE), *more):
            for phrase in phrases:
                words = tuple(_stem(word) for word in phrase.split())
                self._by_first.setdefault(words[0], []).append((words, cue))
        for entries in self._by_first.values():
            entries.sort(key=lambda entry: -len(entry[0]))
        self._by_entity: dict[str, Cue] = {}
        for cue, _ in (*_TABLE, *more):
            self._by_entity.setdefault(cue.entity, cue)
        every = {word for entries in self._by_first.values() for phrase, _ in entries for word in phrase}
        self.words = frozenset(word for word in every if len(word) > 3) - _COMMON

    def asking(self, entity: str) -> Cue | None:
        """What it takes to be an answer when ``entity`` is asked for; None if no words ask for it."""
        return self._by_entity.get(entity)

    def spot(self, words: Sequence[str]) -> list[Spotted]:
        """All cues in ``words``, in order; the longest phrase wins."""
        found, at = [], 0
        stems = tuple(_stem(word) for word in words)
        while at < len(words):
            size = 1
            for phrase, cue in self._by_first.get(stems[at], ()):
                if stems[at : at + len(phrase)] == phrase:
                    size = len(phrase)
                    found.append(Spotted(cue, at, at + size))
                    break
            at += size
        return found


def _stem(word: str) -> str:
    """A word without the endings that recognisers add and drop."""
    word = word.removesuffix("'s")
    return word.removesuffix("s") if len(word) > 3 else word


def tail_asked(words: Sequence[str]) -> bool:
    """Whether only the last four digits are spoken of."""
    return any(tuple(words[at : at + len(tail)]) == tail for at in range(len(words)) for tail in TAILS)

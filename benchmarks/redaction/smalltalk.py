"""What fills the slots of ordinary wordings: amounts, times, counts, years, dates, as callers say them."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from voicecore.dialogue.spoken import count, ordinal

MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
PLACES = (
    "boston",
    "new york",
    "london",
    "chicago",
    "denver",
    "paris",
    "seattle",
    "phoenix",
    "berlin",
    "houston",
)
UNITS = ("minutes", "hours", "days", "weeks", "months", "years")


def _plain(number: int) -> str:
    return count(number).replace("-", " ")


def _amount(random: Random) -> str:
    whole, cents = random.choice((random.randint(1, 99), random.randint(100, 4999))), random.randint(5, 99)
    money = random.choice(("dollars", "euros", "pounds", "bucks"))
    return random.choice(
        (
            f"{_plain(whole)} {money}",
            f"{_plain(whole)} {money} and {_plain(cents)} cents",
            f"{_plain(whole)} {_plain(cents)}",
            f"${whole}.{cents:02}",
            f"{whole} {money}",
            f"about {_plain(100 * random.randint(1, 90))} {money}",
            f"{_plain(random.randint(2, 90))} thousand {money}",
        )
    )


def _time(random: Random) -> str:
    hour, minute = random.randint(1, 12), random.choice((0, 5, 10, 15, 20, 30, 40, 45, 50))
    spoken = "oh five" if minute == 5 else _plain(minute) if minute else "o'clock"
    half = random.choice(("", "", " p m", " a m", " in the morning", " pm"))
    return random.choice(
        (f"{_plain(hour)} {spoken}{half}", f"{hour}:{minute:02}{half}", f"half past {_plain(hour)}")
    )


def _year(random: Random) -> str:
    year = random.randint(1965, 2026)
    head, tail = divmod(year, 100)
    spoken = (
        f"{_plain(head)} {_plain(tail)}" if tail > 9 else f"two thousand {_plain(tail)}".removesuffix(" zero")
    )
    return random.choice((spoken if year > 1999 or tail > 9 else str(year), str(year)))


def _date(random: Random) -> str:
    month, day = random.choice(MONTHS), random.randint(1, 28)
    spoken = ordinal(day).replace("-", " ")
    options = (
        f"{month} {spoken}",
        f"the {spoken} of {month}",
        random.choice(DAYS),
        f"{month} {day}",
        f"the {spoken}",
    )
    return random.choice(options)


def _count(random: Random) -> str:
    number = random.choice((random.randint(2, 12), random.randint(2, 99)))
    return random.choice((_plain(number), _plain(number), str(number)))


def _big(random: Random) -> str:
    number = random.choice((random.randint(100, 999), random.randint(1000, 99_999)))
    return random.choice((_plain(number), str(number)))


FILLINGS: dict[str, Callable[[Random], str]] = {
    "amount": _amount,
    "time": _time,
    "n": _count,
    "big": _big,
    "year": _year,
    "date": _date,
    "ordinal": lambda r: ordinal(r.randint(1, 31)).replace("-", " "),
    "percent": lambda r: f"{_plain(r.randint(1, 40))}{r.choice(('', ' point five', ' and a half'))} percent",
    "span": lambda r: f"{_count(r)} {r.choice(UNITS)}",
    "code": lambda r: r.choice((_plain(r.randint(1, 9)), str(r.randint(1, 9)))),
    "place": lambda r: r.choice(PLACES),
}

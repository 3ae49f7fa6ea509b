"""Speaks the wordings: fills in numbers the way people say them, and writes the test sets (seeded)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from benchmarks.redaction.smalltalk import FILLINGS
from benchmarks.redaction.values import MAKERS, Groups
from voicecore.dialogue.spoken import count

HERE = Path(__file__).parent
SLOT = re.compile(r"\{(\w+)(?: (=)?(\d)/(\d))?(?::(\w+))?\}")
TIMES = 2
"""How often a wording with something to fill in is spoken."""
SPLITS = ("dev", "test", "blind", "unseen")
ORDINARY = {"dev": 1500, "test": 1500, "blind": 600, "unseen": 600}
"""Different cases in each part of the ordinary set."""
ZEROS = ("oh", "zero", "zero", "o")
NATO = dict(zip("ABCDEFGHJKLMNPQRSTUVWXYZ", (
    *("alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "juliet", "kilo", "lima"),
    *("mike", "november", "papa", "quebec", "romeo", "sierra", "tango", "uniform", "victor", "whiskey"),
    *("x ray", "yankee", "zulu"),
), strict=True))  # fmt: skip
EXAMPLES = {"B": "boy", "D": "david", "M": "mary", "N": "nancy", "P": "peter", "S": "sam", "T": "tom"}
FIXES = {
    "dev": ("no wait", "sorry", "no", "i mean", "scratch that", "oops"),
    "blind": ("no hang on", "i'm sorry", "oh wait", "no that's wrong", "strike that", "nope"),
    "unseen": ("no that's not it", "hold up", "wait no", "let me redo that", "sorry sorry", "make that"),
    "test": ("let me start again", "actually", "excuse me", "wait", "my mistake", "correction", "no no"),
}
HESITATIONS = {
    "dev": ("uh", "um", "and then", "er"),
    "blind": ("uh uh", "okay", "erm", "and", "so", "give me a second"),
    "test": ("uhm", "mm", "ah", "let's see", "then", "hm"),
    "unseen": ("umm", "hmm", "you know", "uh let me see", "and uh", "okay so"),
}


def _single(random: Random, digit: str) -> str:
    return random.choice(ZEROS) if digit == "0" else count(int(digit))


def _letter(random: Random, char: str) -> str:
    way = random.random()
    if way < 0.25 and char in NATO:
        return NATO[char]
    return f"{char.lower()} as in {EXAMPLES[char]}" if way < 0.5 and char in EXAMPLES else char.lower()


def one_by_one(random: Random, group: str) -> str:
    return " ".join(_single(random, c) if c.isdigit() else _letter(random, c) for c in group)


def doubled(random: Random, group: str) -> str:
    """ "four double one oh", "triple seven"."""
    out = []
    for match in re.finditer(r"(\d)\1{0,2}|\D", group):
        text, times = match[0], len(match[0])
        name = ("", "", "double ", "triple ")[times]
        out.append(name + _single(random, text[0]) if text.isdigit() else _letter(random, text))
    return " ".join(out)


def paired(random: Random, group: str) -> str:
    """ "forty two seventeen", "oh five twelve"."""
    if not group.isdigit():
        return one_by_one(random, group)
    out = []
    for at in range(0, len(group), 2):
        pair = group[at : at + 2]
        plain = len(pair) == 1 or pair[0] == "0"
        out.append(one_by_one(random, pair) if plain else count(int(pair)).replace("-", random.choice(" -")))
    return " ".join(out)


def as_numbers(random: Random, group: str) -> str:
    """ "one hundred twenty three", "four twelve", "thirty five hundred"."""
    if not group.isdigit() or group[0] == "0" or len(group) not in (3, 4):
        return paired(random, group)
    head, tail = divmod(int(group), 100)
    if tail == 0:
        return f"{count(head)} hundred".replace("-", " ")
    if tail < 10:
        return one_by_one(random, group)
    joint = random.choice((" hundred ", " hundred and ", " ")) if len(group) == 3 else " "
    return f"{count(head)}{joint}{count(tail)}".replace("-", " ")


def written(random: Random, group: str) -> str:
    return group if group.isdigit() else one_by_one(random, group)


def hyphenated(random: Random, group: str) -> str:
    return "-".join(_single(random, c) for c in group) if group.isdigit() else one_by_one(random, group)


Style = Callable[[Random, str], str]
STYLES: dict[str, tuple[Style, ...]] = {
    "dev": (one_by_one, one_by_one, doubled, paired, as_numbers, written, hyphenated),
    "blind": (one_by_one, one_by_one, doubled, paired, as_numbers, as_numbers, written),
    "unseen": (one_by_one, one_by_one, doubled, paired, as_numbers, written, hyphenated),
    "test": (one_by_one, doubled, doubled, paired, paired, as_numbers, as_numbers, written),
}


def say(random: Random, groups: Groups, split: str) -> list[str]:
    """The groups in words; often with a hesitation, sometimes with a slip that is put right."""
    style = random.choice(STYLES[split])
    said = [style(random, group) for group in groups]
    at = random.randrange(len(said))
    flaw = random.random()
    if flaw < 0.15 and groups[at].isdigit():
        slip = "".join(random.choice("0123456789") for _ in groups[at])
        said[at] = f"{style(random, slip)} {random.choice(FIXES[split])} {said[at]}"
    elif flaw < 0.35 and at:
        said[at] = f"{random.choice(HESITATIONS[split])} {said[at]}"
    elif flaw < 0.45 and at:
        said[at] = f"dash {said[at]}"
    return said


def fill(line: str, random: Random, split: str) -> str:
    """The wording with all its slots spoken."""
    made: dict[str, tuple[Groups, list[str]]] = {}

    def spoken(match: re.Match[str]) -> str:
        slot, again, part, parts, entity = match.groups()
        if slot not in MAKERS:
            return match[0]
        name = entity or MAKERS[slot][0]
        if part is None or slot not in made:
            groups = MAKERS[slot][1](random)
            if part and len(groups) < int(parts):
                groups = _finer(groups, int(parts))
            made[slot] = groups, say(random, groups, split)
        groups, said = made[slot]
        if part is not None:
            share = _share(len(groups), int(part), int(parts))
            said = [one_by_one(random, g) for g in groups[share]] if again else said[share]
        return f"{{{name}:{' '.join(said)}}}"

    return SLOT.sub(spoken, line)


def _finer(groups: Groups, parts: int) -> Groups:
    whole = "".join(groups)
    return tuple(whole[len(whole) * n // parts : len(whole) * (n + 1) // parts] for n in range(parts))


def _share(count_: int, part: int, parts: int) -> slice:
    return slice(count_ * (part - 1) // parts, count_ * part // parts)


def speak(lines: Sequence[str], split: str) -> list[str]:
    """All cases of a file of wordings, comments kept."""
    random, out = Random(f"voicecore {split}"), list[str]()
    for line in lines:
        slots = any(match[1] in MAKERS for match in SLOT.finditer(line))
        out += (
            [fill(line, random, split) for _ in range(TIMES if slots else 1)] if line[:1] != "#" else [line]
        )
    return out


def chat(lines: Sequence[str], split: str) -> list[str]:
    """Different cases without anything private, from the wordings in turn."""
    random, wordings = Random(f"voicecore ordinary {split}"), [line for line in lines if line[:1] != "#"]
    out: dict[str, None] = {}
    while len(out) < ORDINARY[split]:
        for line in wordings:
            out[SLOT.sub(lambda slot: FILLINGS[slot[1]](random), line)] = None
    return list(out)[: ORDINARY[split]]


def main() -> None:
    """Write the test sets from the wordings."""
    for split in SPLITS:
        for name, written in ((split, speak), (f"ordinary_{split}", chat)):
            lines = (HERE / "wordings" / f"{name}.txt").read_text().splitlines()
            (HERE / f"{name}.txt").write_text("\n".join(written(lines, split)) + "\n")


if __name__ == "__main__":
    main()

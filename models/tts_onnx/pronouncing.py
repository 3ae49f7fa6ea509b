"""How a text is spoken: espeak-ng's transcription, the lexicon's respellings, and sounds given in IPA."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import replace

from models.espeak import LIBRARY, Group
from models.lexicon import Lexicon

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class Pronouncer:
    """One language, one lexicon. For any number of threads."""

    def __init__(self, voice: str, lexicon: Mapping[str, str], tie: str = "") -> None:
        """``voice``: a language or name that espeak-ng knows; ``tie``: see ``Espeak.transcribe``.

        Raises ConfigError (``unknown-voice``, ``bad-lexicon``), EngineError("tts-failed").
        """
        self._voice = LIBRARY.find_voice(voice)
        self._lexicon = Lexicon(lexicon)
        self._tie = tie

    def groups(self, text: str) -> list[Group]:
        """What to say for ``text``, in order; offsets are those of the text as written."""
        text = _CONTROL.sub(" ", text)
        said, origins = self._lexicon.apply(text)
        spoken = LIBRARY.transcribe(self._voice, said, self._tie)
        at = [*origins, len(text)]
        groups = [replace(group, offset=at[min(max(group.offset, 0), len(origins))]) for group in spoken]
        for span, ipa in self._lexicon.sounds(text):
            groups = _sounded(groups, span, ipa)
        return groups


def _sounded(groups: list[Group], span: tuple[int, int], ipa: str) -> list[Group]:
    """``groups`` with those inside ``span`` replaced by the sound that the lexicon gives."""
    inside = [nth for nth, group in enumerate(groups) if span[0] <= group.offset < span[1]]
    terminator = next((groups[nth].terminator for nth in reversed(inside)), "")
    first = inside[0] if inside else bisect_left([group.offset for group in groups], span[0])
    last = inside[-1] + 1 if inside else first
    return [*groups[:first], Group(ipa, span[0], terminator), *groups[last:]]

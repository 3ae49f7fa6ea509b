"""How a recogniser listens: times, limits and lengths, with defaults for telephone calls."""

from __future__ import annotations

from dataclasses import dataclass, field

from models.asr_whisper.guards import Limits
from voicecore.errors import ConfigError

_LONGEST_CAP_S = 28
"""A window of 30 s, less what may be heard before its length is looked at again."""
_LONGEST_PROMPT = 128


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything about listening that is not the model's; seconds are of audio unless said otherwise."""

    windows_s: tuple[float, ...] = (5, 10, 15, 30)
    """Lengths that sound is filled up to with silence, instead of always 30 s."""
    margin_s: float = 1.0
    """Least silence behind the sound."""
    final_window_s: float = 10.0
    """Least window for a reading that is final."""
    partial_every_s: float = 0.7
    cap_s: float = 20.0
    """Longest piece of an utterance that is read at once; before it, agreed words leave the window."""
    keep_s: float = 10.0
    """What is kept of a window that is full while no words are agreed on."""
    tokens_per_s: float = 8.0
    """Most tokens that a reading may have, with a few for the beginning: a lost model writes for ever."""
    bind: bool = True
    """Whether readings begin with the words agreed on before: what was stable stays so in the final, too."""
    prompt_tokens: int = 32
    """Length of the prompt made of what the dialogue expects; 0 for none."""
    lockstep: bool = False
    """Wait for each partial: the same sound gives the same partials, as replays want it. Live, a partial
    comes when it is ready, and the sound goes on meanwhile."""
    timeout_s: float = 10.0
    """Wall-clock time after which a reading is late."""
    streams: int = 64
    """Utterances at once."""
    quiet_dbfs: float = -60.0
    """What never gets louder than this is no speech, whatever the model would make of it."""
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        """Raises ConfigError("bad-settings")."""
        if not 1 < self.keep_s + 1 <= self.cap_s <= _LONGEST_CAP_S:
            message = f"0 < keep_s <= cap_s - 1 < {_LONGEST_CAP_S}, not {self.keep_s} and {self.cap_s}"
            raise ConfigError("bad-settings", message)
        if self.partial_every_s <= 0 or self.tokens_per_s <= 0 or self.timeout_s <= 0 or self.streams < 1:
            raise ConfigError("bad-settings", "times, tokens and streams must be more than nothing")
        if not 0 <= self.prompt_tokens <= _LONGEST_PROMPT:
            raise ConfigError("bad-settings", f"prompt_tokens is at most {_LONGEST_PROMPT}")

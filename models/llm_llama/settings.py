"""What can be set about the language model: where it runs, how steps are shared out, how long replies are."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace

from models.llm_llama.sampler import Sampling
from models.llm_llama.scheduler import Caps
from voicecore.errors import ConfigError

MOST_SEQUENCES = 256
"""That llama.cpp is built for."""


def _spare_threads() -> int:
    """A core is left to the media path: llama.cpp collapses when its threads must wait for one."""
    return max(1, len(os.sched_getaffinity(0)) - 1)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where and how large the model runs."""

    cells: int = 16_384
    """Tokens that all calls together can have in memory."""
    sequences: int = 48
    """Calls and kept beginnings at a time."""
    batch: int = 512
    """Most tokens in one step."""
    threads: int = field(default_factory=_spare_threads)
    gpu_layers: int = 0
    """Layers on the GPU; -1 for all."""
    gpu: int = 0
    """Which one."""

    def __post_init__(self) -> None:
        small = min(self.cells, self.batch, self.threads) < 1 or self.gpu_layers < -1 or self.gpu < 0
        if small or not 2 <= self.sequences <= MOST_SEQUENCES:
            raise ConfigError("bad-placement", f"out of range: {self}")


@dataclass(frozen=True, slots=True)
class Settings:
    """Of the engine ``llama``."""

    placement: Placement = field(default_factory=Placement)
    caps: Caps = field(default_factory=Caps)
    sampling: Sampling = field(default_factory=Sampling)
    reply_tokens: int = 160
    prompt_tokens: int = 4096
    """Of one call; older messages are left out of longer prompts, the system prompt never."""

    def __post_init__(self) -> None:
        if self.reply_tokens < 1 or not 64 <= self.prompt_tokens <= self.placement.cells - self.reply_tokens:
            raise ConfigError("bad-llm-settings", f"prompt and reply must fit the placement: {self}")

    def placed(self, device: str, threads: int = 0) -> Settings:
        """On ``device``: "cpu" as they are, "cuda" or "cuda:N" with all layers, or as many as they say, on
        that GPU. ``threads``: 0 as they are. Raises ConfigError("bad-device")."""
        kind, _, number = device.partition(":")
        if kind not in ("cpu", "cuda") or (number and (kind == "cpu" or not number.isdecimal())):
            raise ConfigError("bad-device", f"no device {device!r}; known: cpu, cuda, cuda:N", device=device)
        placement = replace(self.placement, threads=threads or self.placement.threads)
        if kind == "cuda":
            placement = replace(placement, gpu_layers=placement.gpu_layers or -1, gpu=int(number or 0))
        return replace(self, placement=placement)

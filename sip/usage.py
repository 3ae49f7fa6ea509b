"""What a media process has used, and how punctual its clock was."""

from __future__ import annotations

from dataclasses import dataclass

from sip.control import Stats


@dataclass(frozen=True, slots=True)
class MediaUsage:
    """Figures since the media process started."""

    pid: int
    cpu_s: float
    rss_kb: int
    restarts: int
    """How many media processes have died before this one."""
    stats: Stats

    def interval_ms(self, share: float) -> int:
        """The time between media ticks that ``share`` of them kept within, in whole ms, rounded up."""
        wanted, seen = share * sum(self.stats.interval_ms), 0
        for ms, count in enumerate(self.stats.interval_ms):
            seen += count
            if count and seen >= wanted:
                return ms + 1
        return 0

"""Who may call in."""

from __future__ import annotations

import ipaddress

from voicecore.errors import ConfigError


class Trunks:
    """Addresses and networks that may call in; none listed means any."""

    def __init__(self, entries: tuple[str, ...]) -> None:
        """Raises ConfigError("bad-trunk") naming the entry that is neither address nor network."""
        self._networks = []
        for entry in entries:
            try:
                self._networks.append(ipaddress.ip_network(entry, strict=False))
            except ValueError as exc:
                raise ConfigError("bad-trunk", f"{entry!r} is no address or network", entry=entry) from exc

    def allow(self, source: str) -> bool:
        """``source``: "address:port" or "[address]:port", as the packet came in."""
        address = ipaddress.ip_address(source.rpartition(":")[0].strip("[]"))
        return not self._networks or any(address in network for network in self._networks)

"""Whom the appliance may reach: what its configuration names, resolved once, and nothing else."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from voicecore.config import Appliance
from voicecore.errors import ConfigError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str], Sequence[str]]
"""The addresses of a host name. Raises OSError."""

LOOPBACK = ("127.0.0.0/8", "::1/128")
_SIP = re.compile(r"^sips?:(?:[^@]*@)?(\[[0-9a-fA-F:.]+\]|[^;:?>\[\]]+)(?::(\d+))?", re.IGNORECASE)
_PORTS = {"http": 80, "https": 443, "udp": 514, "tcp": 514}
"""By scheme; the last two are syslog (RFC 5426, RFC 6587)."""
_LOCAL = ("unix:", "file:")
_NAME = re.compile(r"^(?=.*[a-zA-Z])[a-zA-Z0-9_-]+(\.[a-zA-Z0-9_-]+)*\.?$")
_PORTED = re.compile(r"^(?:\[([^\]]+)\]|([^:/]+)):(\d+)$")


@dataclass(frozen=True, slots=True)
class Peer:
    """A host or network that may be reached; ``port`` None means every port (a PBX sends media from many)."""

    host: str
    """Name, address or network ("10.1.0.0/16")."""
    port: int | None
    why: str
    """The setting that names it."""


def _written(entry: str, why: str) -> Peer:
    """A host, address, network or HOST:PORT as a person writes it. Raises ConfigError("bad-peer")."""
    ported = _PORTED.match(entry)
    host = (ported[1] or ported[2]) if ported else entry.strip("[]")
    port = int(ported[3]) if ported else None
    if (_network(host) is None and not _NAME.match(host)) or (port is not None and not 0 < port < 65_536):
        raise ConfigError("bad-peer", f"{why}: {entry!r} is no host, address or network", setting=why)
    return Peer(host.lower(), port, why)


def _network(host: str) -> Network | None:
    try:
        return ipaddress.ip_network(host, strict=False)
    except ValueError:
        return None


def _from_uri(uri: str, why: str) -> Peer:
    """The host of a SIP URI (any port: what it answers from is its own affair) or of an HTTP URL."""
    if sip := _SIP.match(uri):
        return _written(sip[1].strip("[]"), why)
    url = urlsplit(uri)
    if url.hostname is None or url.scheme not in _PORTS:
        raise ConfigError("bad-peer", f"{why}: {uri!r} names no host", setting=why)
    return Peer(url.hostname, url.port or _PORTS[url.scheme], why)


def peers_of(appliance: Appliance, more: Iterable[tuple[str, str | None]] = ()) -> tuple[Peer, ...]:
    """Every host that ``appliance`` names, the loopback first.

    ``more``: (setting, URI) from elsewhere, such as the agent's hand-off target.
    Raises ConfigError("bad-peer").
    """
    plain = [("sip.trunks", trunk) for trunk in appliance.sip.trunks]
    plain += [("egress.allow", entry) for entry in appliance.egress.allow]
    uris = [("backend", appliance.backend), ("admission.overflow", appliance.admission.overflow), *more]
    if appliance.audit is not None:
        exports = (url for url in appliance.audit.export if not url.startswith(_LOCAL))
        uris += [("audit.export", url) for url in exports]
    if appliance.sip.register_with is not None:
        uris.append(("sip.register.registrar", f"sip:{_bare(appliance.sip.register_with.registrar)}"))
    return (
        *(Peer(network, None, "loopback") for network in LOOPBACK),
        *(_written(entry, why) for why, entry in plain),
        *(_from_uri(uri, why) for why, uri in uris if uri is not None),
    )


def _bare(registrar: str) -> str:
    return registrar.partition(":")[2] if registrar.lower().startswith(("sip:", "sips:")) else registrar


def system_resolve(host: str) -> Sequence[str]:
    """By the system's resolver. Raises OSError."""
    return list(dict.fromkeys(str(entry[4][0]) for entry in socket.getaddrinfo(host, None)))


class Peers:
    """The allow-list, resolved: a name stands for the addresses it had when this was made."""

    def __init__(self, peers: Sequence[Peer], resolve: Resolve = system_resolve) -> None:
        """Raises ConfigError("unknown-peer") for a name that can't be resolved."""
        self.names = frozenset({"localhost", *(p.host for p in peers if _network(p.host) is None)})
        self.resolved: list[tuple[Network, Peer]] = []
        """Each network with the peer it belongs to."""
        for peer in peers:
            network = _network(peer.host)
            networks = [network] if network is not None else _looked_up(peer, resolve)
            self.resolved += [(network, peer) for network in networks]

    def allows(self, host: str, port: int) -> bool:
        """Whether ``host`` (an address; a name only if it is one of ``names``) may be reached at ``port``."""
        address = parse_address(host)
        if address is None:
            return host.lower() in self.names
        return any(
            address.version == network.version and address in network and peer.port in (None, port)
            for network, peer in self.resolved
        )


def _looked_up(peer: Peer, resolve: Resolve) -> list[Network]:
    try:
        addresses = resolve(peer.host)
    except OSError as exc:
        message = f"{peer.why}: {peer.host!r} can't be resolved: {exc.strerror}"
        raise ConfigError("unknown-peer", message, setting=peer.why) from exc
    return [ipaddress.ip_network(address.partition("%")[0]) for address in addresses]


def parse_address(host: str) -> Address | None:
    """``host`` as an address, one that is IPv4 in IPv6 clothes as IPv4; None for anything else."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address

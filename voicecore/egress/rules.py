"""The same allow-list for the kernel: an nftables ruleset and a systemd unit, for native code as well."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from pathlib import Path

from voicecore.egress.offline import OFFLINE
from voicecore.egress.peers import LOOPBACK, Network, Peer, Peers

TABLE = "voicecore_egress"


def nftables(peers: Peers, user: str, listens: Sequence[int] = ()) -> str:
    """What ``user``'s sockets may send, as input for ``nft -f``; the counter "refused" counts the rest.

    ``listens``: TCP ports of ours on which others may connect to us, so that they get answers.
    """
    answers = [f'tcp sport {port} ct direction reply accept comment "answers"' for port in listens]
    rules = ['oifname "lo" accept', *_unique(answers), *_unique(map(_accept, *_columns(peers)))]
    body = "\n".join(f"        {rule}" for rule in rules)
    return f"""# Made by `voicecore egress nftables`. Names stand for the addresses that they had then.
table inet {TABLE}
delete table inet {TABLE}
table inet {TABLE} {{
    counter refused {{ }}
    chain output {{
        type filter hook output priority filter; policy accept;
        meta skuid {user} goto appliance
    }}
    chain appliance {{
{body}
        counter name refused reject with icmpx type admin-prohibited
    }}
}}
"""


def _columns(peers: Peers) -> tuple[list[Network], list[Peer]]:
    outside = [(n, p) for n, p in peers.resolved if p.host not in LOOPBACK]
    return [network for network, _ in outside], [peer for _, peer in outside]


def _accept(network: Network, peer: Peer) -> str:
    family = "ip6" if isinstance(network, ipaddress.IPv6Network) else "ip"
    port = "" if peer.port is None else f" th dport {peer.port}"
    protocols = " meta l4proto { tcp, udp }" if port else ""
    return f'{family} daddr {network.compressed}{protocols}{port} accept comment "{peer.why}"'


def systemd(peers: Peers, user: str, config: Path, executable: Path) -> str:
    """A unit whose processes, native code included, reach nobody else (systemd.resource-control(5)).

    It filters what comes in by the same list, so the people who use the control API are to be in
    ``egress.allow`` too. Ports are the business of nftables.
    """
    addresses = " ".join(_unique(network.compressed for network, _ in peers.resolved))
    environment = "\n".join(f"Environment={name}={value}" for name, value in OFFLINE.items())
    return f"""# Made by `voicecore egress systemd`. Names stand for the addresses that they had then.
[Unit]
Description=voicecore voice-agent appliance
After=network-online.target
Wants=network-online.target

[Service]
User={user}
ExecStart={executable} serve --config {config}
Restart=on-failure
{environment}
IPAddressDeny=any
IPAddressAllow={addresses}
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
NoNewPrivileges=yes
CapabilityBoundingSet=
LimitRTPRIO=99
StateDirectory=voicecore
WorkingDirectory=/var/lib/voicecore
UMask=0077
PrivateTmp=yes
PrivateDevices=no
ProtectSystem=strict
ProtectHome=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes

[Install]
WantedBy=multi-user.target
"""


def _unique(lines: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(lines))

"""The allow-list: what the configuration names, and nothing beside it."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicecore.config import Appliance
from voicecore.egress import Peer, Peers, peers_of
from voicecore.errors import ConfigError

ADDRESSES = {"pbx.example": ["192.0.2.7", "2001:db8::7"], "tools.example": ["192.0.2.8"]}


def resolve(name: str) -> Sequence[str]:
    if name not in ADDRESSES:
        raise OSError(-2, "Name or service not known")
    return ADDRESSES[name]


def appliance(**sections: object) -> Appliance:
    return Appliance.model_validate({"agent": "here", **sections})


def listed(*allow: str) -> Peers:
    return Peers(peers_of(appliance(egress={"allow": allow})), resolve)


def test_every_setting_that_names_a_host_is_found() -> None:
    settings = appliance(
        sip={
            "trunks": ["10.0.0.5"],
            "register": {"registrar": "sip:pbx.example:5062", "user": "a", "password_env": "P"},
        },
        backend="https://tools.example/v1",
        audit={"export": ["udp://10.7.7.7:5514", "file:///var/log/x", "unix:///run/log"]},
        admission={"overflow": "sip:queue@[fd00::9]:5070;transport=tcp"},
        egress={"allow": ["10.1.0.0/16", "[fd00::5]:514"]},
    )
    assert [
        (p.host, p.port) for p in peers_of(settings, [("agent.handoff", "sips:desk@10.9.9.9"), ("x", None)])
    ] == [
        ("127.0.0.0/8", None),
        ("::1/128", None),
        ("10.0.0.5", None),
        ("10.1.0.0/16", None),
        ("fd00::5", 514),
        ("tools.example", 443),
        ("fd00::9", None),
        ("10.9.9.9", None),
        ("10.7.7.7", 5514),
        ("pbx.example", None),
    ]


def test_nothing_but_this_machine_by_default() -> None:
    peers = listed()
    assert peers.allows("127.0.0.1", 80)
    assert peers.allows("::1", 80)
    assert peers.allows("localhost", 80)
    assert not peers.allows("10.0.0.1", 80)
    assert not peers.allows("fe80::1%eth0", 80)


@pytest.mark.parametrize(
    "host", ["", "0.0.0.0", "::", "<broadcast>", "127.1", "0x7f000001", "a b", "8.8.8.8"]
)
def test_odd_ways_to_name_a_host_open_nothing(host: str) -> None:
    assert not listed("10.0.0.0/8").allows(host, 80)


def test_a_port_narrows_and_a_name_stands_for_its_addresses() -> None:
    peers = listed("pbx.example:5060")
    assert peers.allows("192.0.2.7", 5060)
    assert peers.allows("2001:db8::7", 5060)
    assert peers.allows("::ffff:192.0.2.7", 5060)
    assert not peers.allows("192.0.2.7", 53)
    assert not peers.allows("192.0.2.8", 5060)
    assert peers.allows("PBX.example", 5060)


@pytest.mark.parametrize(
    "entry", ["", "10.0.0.300", "pbx:0", "pbx:99999", "10.0.0.0/33", "http://x", "a..b", "*"]
)
def test_what_is_no_host_is_refused(entry: str) -> None:
    with pytest.raises(ConfigError, match=r"bad-peer: egress\.allow"):
        listed(entry)


@pytest.mark.parametrize("uri", ["tel:+123", "ftp://x/y", "nonsense", "http://"])
def test_a_uri_that_names_no_host_is_refused(uri: str) -> None:
    with pytest.raises(ConfigError, match="bad-peer: backend"):
        peers_of(appliance(backend=uri))


def test_a_name_that_nobody_knows_is_told_at_the_start() -> None:
    with pytest.raises(ConfigError, match=r"unknown-peer: egress\.allow: 'gone\.example'"):
        listed("gone.example")


@given(st.ip_addresses(), st.integers(0, 32), st.ip_addresses(v=4))
def test_an_address_is_allowed_only_inside_a_network(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, bits: int, base: ipaddress.IPv4Address
) -> None:
    network = ipaddress.ip_network((int(base), bits), strict=False)
    peers = Peers([Peer(str(network), None, "test")], resolve)
    plain = getattr(address, "ipv4_mapped", None) or address
    assert peers.allows(str(address), 1) == (plain.version == 4 and plain in network)

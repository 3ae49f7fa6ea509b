"""Rules for kernel and systemd: what they say, and that nft and systemd take them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from voicecore.egress import OFFLINE, Peer, Peers
from voicecore.egress.rules import nftables, systemd

PEERS = Peers(
    [
        Peer("127.0.0.0/8", None, "loopback"),
        Peer("::1/128", None, "loopback"),
        Peer("10.0.0.5", None, "sip.trunks"),
        Peer("tools.example", 443, "backend"),
        Peer("fd00::5", 514, "egress.allow"),
    ],
    lambda _name: ["192.0.2.8", "2001:db8::8"],
)


def test_the_ruleset_names_every_peer_and_counts_the_rest() -> None:
    rules = [line.strip() for line in nftables(PEERS, "voicecore", [8443]).splitlines()]
    start = rules.index("chain appliance {")
    assert rules[start + 1 : start + 9] == [
        'oifname "lo" accept',
        'tcp sport 8443 ct direction reply accept comment "answers"',
        'ip daddr 10.0.0.5/32 accept comment "sip.trunks"',
        'ip daddr 192.0.2.8/32 meta l4proto { tcp, udp } th dport 443 accept comment "backend"',
        'ip6 daddr 2001:db8::8/128 meta l4proto { tcp, udp } th dport 443 accept comment "backend"',
        'ip6 daddr fd00::5/128 meta l4proto { tcp, udp } th dport 514 accept comment "egress.allow"',
        "counter name refused reject with icmpx type admin-prohibited",
        "}",
    ]


def test_the_unit_denies_any_and_allows_the_peers() -> None:
    unit = systemd(PEERS, "voicecore", Path("/etc/voicecore.yaml"), Path("/usr/bin/voicecore")).splitlines()
    assert "IPAddressDeny=any" in unit
    allowed = "127.0.0.0/8 ::1/128 10.0.0.5/32 192.0.2.8/32 2001:db8::8/128 fd00::5/128"
    assert f"IPAddressAllow={allowed}" in unit
    assert {f"Environment={name}={value}" for name, value in OFFLINE.items()} <= set(unit)


@pytest.mark.apt
def test_nft_takes_the_ruleset_twice(tmp_path: Path) -> None:
    if shutil.which("nft") is None or shutil.which("unshare") is None:
        pytest.skip("needs nftables and util-linux")
    path = tmp_path / "rules.nft"
    path.write_text(nftables(PEERS, "0", [8443]))
    own = ["unshare", "--user", "--map-root-user", "--net"]
    if subprocess.run([*own, "nft", "list", "ruleset"], check=False, capture_output=True).returncode != 0:
        pytest.skip("no network namespaces or no nftables here")
    command = f"nft -f {path} && nft -f {path} && nft list counters"
    done = subprocess.run([*own, "sh", "-c", command], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "counter refused" in done.stdout


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs systemd-analyze")
    path = tmp_path / "voicecore.service"
    path.write_text(systemd(PEERS, "root", Path("/etc/voicecore.yaml"), Path("/bin/true")))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(path)], check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")

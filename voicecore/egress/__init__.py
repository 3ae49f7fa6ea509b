"""Nothing leaves the box: who may be reached, the lock in our processes, rules for the kernel."""

from voicecore.egress.lock import EgressLock, EgressRefused
from voicecore.egress.offline import OFFLINE, go_offline
from voicecore.egress.peers import Peer, Peers, peers_of
from voicecore.egress.seal import seal_sockets

__all__ = [
    "OFFLINE",
    "EgressLock",
    "EgressRefused",
    "Peer",
    "Peers",
    "go_offline",
    "peers_of",
    "seal_sockets",
]

"""The box in a network namespace, the PBX in another, a wire between: ``python -m benchmarks.egress.stage``.

To be run as root of a user, network and mount namespace of its own (``bench.OWN``). The default route and the
name server lie behind the wire, so whatever is sent anywhere passes the counter. Prints one line of JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from benchmarks.egress.counter import WireCounter
from voicecore.demo import backend, child, first_line, write_config
from voicecore.errors import ConfigError

BOX, PBX = "10.99.0.2", "10.99.0.1"
BOX6, PBX6 = "fd99::2", "fd99::1"
ELSEWHERE = "203.0.113.9"
"""An address that nobody has (RFC 5737)."""
WIRE = "box0"


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def _in_pbx(pid: int, *command: str) -> list[str]:
    return ["nsenter", f"--net=/proc/{pid}/ns/net", *command]


@contextlib.contextmanager
def wired() -> Iterator[int]:
    """Both namespaces up, with the wire between them; yields the PID whose namespace is the PBX's."""
    others = [name for _, name in socket.if_nameindex() if name != "lo"]
    if others:
        raise ConfigError("not-alone", f"this is no namespace of its own: it has {', '.join(others)}")
    _ip("link", "set", "lo", "up")
    command = ["unshare", "--net", sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        holder.stdout.readline()
        _ip("link", "add", WIRE, "type", "veth", "peer", "name", "pbx0", "netns", str(holder.pid))
        for address in (f"{BOX}/24", f"{BOX6}/64"):
            _ip("address", "add", address, "dev", WIRE, *(["nodad"] if ":" in address else []))
            theirs = address.replace(BOX, PBX).replace(BOX6, PBX6)
            more = ["nodad"] if ":" in address else []
            subprocess.run(
                _in_pbx(holder.pid, "ip", "address", "add", theirs, "dev", "pbx0", *more), check=True
            )
        for name in ("lo", "pbx0"):
            subprocess.run(_in_pbx(holder.pid, "ip", "link", "set", name, "up"), check=True)
        _ip("link", "set", WIRE, "up")
        _ip("route", "add", "default", "via", PBX)
        _ip("-6", "route", "add", "default", "via", PBX6)
        yield holder.pid
        holder.stdin.close()


def _point_names_elsewhere(folder: Path) -> None:
    """Whoever asks for a name asks over the wire."""
    path = folder / "resolv.conf"
    path.write_text(f"nameserver {ELSEWHERE}\n")
    real = Path("/etc/resolv.conf").resolve()
    subprocess.run(["mount", "--bind", str(path), str(real)], check=True)


def _configured(folder: Path, backend_url: str) -> Path:
    """The example's appliance, on the wire and with the PBX as its only trunk."""
    path = write_config(folder, backend_url)
    config = yaml.safe_load(path.read_text())
    config["sip"] |= {"address": BOX, "trunks": [PBX]}
    path.write_text(yaml.safe_dump(config))
    return path


async def _call(folder: Path, pbx: int, script: str) -> dict[str, Any]:
    """A whole call; what the caller says came of it."""
    async with backend(folder / "backend.db") as url:
        config = _configured(folder, url)
        async with child("-m", "voicecore", "serve", "--config", str(config)) as serving:
            uri = (await first_line(serving))["uri"]
            caller = [
                sys.executable,
                "-m",
                "benchmarks.egress.caller",
                uri,
                script,
                str(folder / "caller.wav"),
            ]
            process = await asyncio.create_subprocess_exec(
                *_in_pbx(pbx, *caller), stdout=asyncio.subprocess.PIPE
            )
            out, _ = await process.communicate()
    return dict(json.loads(out.splitlines()[-1]))


def _send_elsewhere() -> None:
    """What the counter must see, or it counts nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"control", (ELSEWHERE, 9))


def main(script: str) -> int:
    """Hold the call, count, check the counter itself; the exit status is that of nothing going wrong."""
    with tempfile.TemporaryDirectory(prefix="voicecore-") as name, wired() as pbx:
        folder = Path(name)
        _point_names_elsewhere(folder)
        with WireCounter(WIRE) as wire:
            ended = asyncio.run(_call(folder, pbx, script))
        with WireCounter(WIRE) as check:
            _send_elsewhere()
    outside = wire.outside((PBX, PBX6))
    told = {
        "call": ended,
        "to_pbx": wire.sent[PBX],
        "outside": sum(outside.values()),
        "whom": dict(outside),
        "uncounted": wire.dropped,
        "check": check.sent[ELSEWHERE],
    }
    print(json.dumps(told), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

"""Sinks: what a receiver of syslog gets, and what is in the file."""

import re
import socket
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from voicecore.audit.sinks import FileSink, SyslogSink, sink, syslog_message
from voicecore.errors import ConfigError

SHAPE = re.compile(
    rb"<109>1 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z \S+ voicecore \d+ checkpoint - \xef\xbb\xbf(.+)"
)


def text(message: bytes) -> str:
    found = SHAPE.fullmatch(message)
    assert found
    return found[1].decode()


def test_a_message_is_rfc_5424() -> None:
    message = syslog_message("{}", "box", 7, lambda: datetime(2026, 11, 20, 12, tzinfo=UTC))
    assert message == b"<109>1 2026-11-20T12:00:00.000000Z box voicecore 7 checkpoint - \xef\xbb\xbf{}"


def test_a_file_is_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "checkpoints.jsonl"
    for line in ("one", "two"):
        sink(path.as_uri()).send(line)
    assert path.read_text() == "one\ntwo\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_over_udp() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        sink(f"udp://127.0.0.1:{receiver.getsockname()[1]}").send("signed")
        assert text(receiver.recv(2000)) == "signed"


def test_over_tcp_with_its_length_before_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        sink(f"tcp://127.0.0.1:{server.getsockname()[1]}").send("signed")
        connection, _ = server.accept()
        with connection:
            length, message = connection.makefile("rb").read().split(b" ", 1)
    assert int(length) == len(message)
    assert text(message) == "signed"


def test_over_a_local_socket(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "log"))
        receiver.settimeout(5)
        sink(f"unix://{tmp_path}/log").send("signed")
        assert text(receiver.recv(2000)) == "signed"


def test_who_is_not_there_is_an_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        gone = server.getsockname()[1]
    for out in (
        SyslogSink("tcp", ("127.0.0.1", gone)),
        SyslogSink("unix", str(tmp_path / "none")),
        FileSink(tmp_path / "nowhere" / "file"),
    ):
        with pytest.raises(OSError):  # noqa: PT011
            out.send("signed")


@pytest.mark.parametrize("url", ["", "udp://host", "http://host:80", "tcp://:514"])
def test_other_urls_name_none(url: str) -> None:
    with pytest.raises(ConfigError):
        sink(url)

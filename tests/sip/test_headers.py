"""Which headers get through."""

from __future__ import annotations

from sip.headers import caller_headers

INVITE = (
    "INVITE sip:agent@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1\r\n"
    "X-Customer: 4711\r\nUser-to-User: 00C8;encoding=hex\r\n"
    "x-tag: one,\r\n two\r\nX-Tag: three\r\nSubject: secret\r\nbroken line\r\n"
    "Content-Length: 9\r\n\r\nX-Body: 1"
)


def test_x_headers_and_user_to_user_only() -> None:
    assert caller_headers(INVITE) == {
        "X-Customer": "4711",
        "User-to-User": "00C8;encoding=hex",
        "x-tag": "one, two, three",
    }

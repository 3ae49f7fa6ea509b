"""Every route with every role: open to those whom the table allows, closed to all others."""

from __future__ import annotations

import re

import pytest

from tests.control.conftest import Control
from voicecore.control.access import Anybody, Needs
from voicecore.control.app import doors
from voicecore.control.roles import ALLOWED, Permission, Role

BODIES = {
    ("POST", "/v1/login"): {"name": "viewer", "password": "wrong"},
    ("POST", "/v1/accounts"): {"name": "new-one", "role": "viewer", "password": "a good long one"},
    ("PATCH", "/v1/accounts/{name}"): {"role": "viewer"},
    ("POST", "/v1/tokens"): {"name": "new-one", "role": "viewer"},
    ("POST", "/v1/calls/{call}/hand-over"): {"why": "test"},
    ("POST", "/v1/approvals"): {"why": "test", "key": "none", "approved": False},
    ("POST", "/v1/pauses"): {"why": "test", "scope": "tool", "name": "x"},
    ("POST", "/v1/pauses/lift"): {"why": "test", "scope": "tool", "name": "x"},
    ("POST", "/v1/steps/undo"): {"why": "test", "key": "none"},
}
HTTP = {route: door for route, door in doors().items() if route[0] != "WS"}
TABLE = {
    "viewer": "watch",
    "supervisor": "decide pause read take-over undo watch",
    "designer": "read watch",
    "compliance": "pause read watch",
    "admin": "manage watch",
}


def test_the_table_is_as_agreed() -> None:
    assert {role: " ".join(sorted(allowed)) for role, allowed in ALLOWED.items()} == TABLE


def test_every_permission_opens_something() -> None:
    asked = {door.permission for door in doors().values() if isinstance(door, Needs)}
    assert asked == {*Permission, None}
    assert [route for route, door in doors().items() if isinstance(door, Anybody)] == [
        ("GET", "/v1/health"),
        ("POST", "/v1/login"),
    ]


@pytest.mark.parametrize("role", Role)
async def test_a_role_gets_through_the_doors_that_it_has_and_no_others(control: Control, role: Role) -> None:
    for (method, path), door in HTTP.items():
        control.clock.now += 3600
        headers = await control.be(role)
        url = re.sub(r"{\w+}", "somebody", path)
        answer = await control.client.request(method, url, headers=headers, json=BODIES.get((method, path)))
        needed = door.permission if isinstance(door, Needs) else None
        if needed is not None and needed not in ALLOWED[role]:
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden"), path
        else:
            assert answer.status_code not in (403, 422, 429, 500), (path, answer.text)


@pytest.mark.parametrize("secret", [None, "", "vct_x", "vcs_x", "Bearer"])
async def test_nobody_gets_through_without_a_secret_of_ours(control: Control, secret: str | None) -> None:
    headers = {} if secret is None else {"Authorization": f"Bearer {secret}"}
    for route in (route for route, door in HTTP.items() if isinstance(door, Needs)):
        control.clock.now += 60
        url = re.sub(r"{\w+}", "somebody", route[1])
        answer = await control.client.request(route[0], url, headers=headers, json=BODIES.get(route))
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "not-authenticated"), route
        assert answer.headers["www-authenticate"] == "Bearer"
    assert control.book.kept == []
    assert control.house.book.kept == []

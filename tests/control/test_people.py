"""Accounts and tokens over the API: what they lead to, and that each act is on record."""

from __future__ import annotations

from tests.control.conftest import PASSWORD, Control
from voicecore.control.roles import Role


async def test_one_sees_who_one_is_and_leaves(control: Control) -> None:
    headers = await control.be("compliance")
    me = (await control.client.get("/v1/me", headers=headers)).json()
    assert me == {"name": "compliance", "role": "compliance", "permissions": ["pause", "read", "watch"]}
    assert (await control.client.post("/v1/logout", headers=headers)).status_code == 204
    assert (await control.client.get("/v1/me", headers=headers)).status_code == 401
    assert [kind for _, kind, _, _ in control.book.kept] == ["login", "logout"]


async def test_an_account_is_made_changed_and_removed(control: Control) -> None:
    admin = await control.be("admin")
    new = {"name": "otto", "role": "viewer", "password": PASSWORD}
    assert (await control.client.post("/v1/accounts", headers=admin, json=new)).status_code == 201
    taken = await control.client.post("/v1/accounts", headers=admin, json=new)
    assert (taken.status_code, taken.json()["error"]["code"]) == (409, "name-taken")
    assert (
        await control.client.patch("/v1/accounts/otto", headers=admin, json={"role": "designer"})
    ).status_code == 200
    rows = (await control.client.get("/v1/accounts", headers=admin)).json()
    assert [(row["name"], row["role"]) for row in rows] == sorted(
        [*((r.value, r.value) for r in Role), ("otto", "designer")]
    )
    otto = await control.be("otto")
    assert (await control.client.delete("/v1/accounts/otto", headers=admin)).status_code == 204
    assert (await control.client.get("/v1/me", headers=otto)).status_code == 401
    assert (await control.client.delete("/v1/accounts/otto", headers=admin)).status_code == 404
    acts = [
        (kind, data["who"], data.get("account"))
        for _, kind, _, data in control.book.kept
        if "account" in kind
    ]
    assert acts == [
        (f"account.{act}", "admin", "otto") for act in ("add", "add", "change", "remove", "remove")
    ]


async def test_a_token_works_until_it_is_revoked(control: Control) -> None:
    admin = await control.be("admin")
    wanted = {"name": "wallboard", "role": "viewer", "days": 1}
    secret = (await control.client.post("/v1/tokens", headers=admin, json=wanted)).json()["secret"]
    board = {"Authorization": f"Bearer {secret}"}
    assert (await control.client.get("/v1/me", headers=board)).json()["name"] == "token:wallboard"
    (row,) = (await control.client.get("/v1/tokens", headers=admin)).json()
    assert (row["name"], row["role"], row["at"]) == ("wallboard", "viewer", "1970-01-13T13:46:40+00:00")
    assert (await control.client.delete("/v1/tokens/wallboard", headers=admin)).status_code == 204
    assert (await control.client.get("/v1/me", headers=board)).status_code == 401


async def test_without_a_record_no_account_is_made(control: Control) -> None:
    admin = await control.be("admin")
    control.book.broken = True
    new = {"name": "otto", "role": "admin", "password": PASSWORD}
    answer = await control.client.post("/v1/accounts", headers=admin, json=new)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "audit-unavailable")
    assert "otto" not in [name for name, _, _ in control.accounts.everybody()]

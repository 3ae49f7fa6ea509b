"""The doors: guessing is slow, requests have a pace, and no answer or log holds a secret."""

from __future__ import annotations

import logging

import pytest

from tests.control.conftest import PASSWORD, Control


async def test_guessing_a_password_becomes_slow_for_name_and_address(control: Control) -> None:
    for _ in range(5):
        assert (await control.login("viewer", "guess")).status_code == 401
    refused = await control.login("viewer")
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too-many")
    assert refused.headers["retry-after"] == "60"
    assert (await control.login("admin")).status_code == 429, "the address has to wait too"
    control.clock.now += 60
    assert (await control.login("viewer")).status_code == 200
    kinds = [(kind, data.get("code")) for _, kind, _, data in control.book.kept]
    assert kinds == [("login.refused", "bad-login")] * 5 + [("login.refused", "too-many")] * 2 + [
        ("login", None)
    ]


async def test_right_passwords_do_not_count(control: Control) -> None:
    for _ in range(20):
        assert (await control.login("viewer")).status_code == 200


async def test_a_token_has_a_pace(control: Control) -> None:
    headers = await control.be("viewer")
    codes = [(await control.client.get("/v1/me", headers=headers)).status_code for _ in range(42)]
    assert codes == [200] * 40 + [429] * 2
    other = await control.be("admin")
    assert (await control.client.get("/v1/me", headers=other)).status_code == 200
    control.clock.now += 1
    assert (await control.client.get("/v1/me", headers=headers)).status_code == 200


async def test_wrong_secrets_wear_out_an_address(control: Control) -> None:
    codes = []
    for number in range(42):
        headers = {"Authorization": f"Bearer vct_{number}"}
        codes.append((await control.client.get("/v1/me", headers=headers)).status_code)
    assert codes == [401] * 40 + [429] * 2


async def test_a_session_that_waited_too_long_is_over(control: Control) -> None:
    headers = await control.be("viewer")
    control.clock.now += 1801
    assert (await control.client.get("/v1/me", headers=headers)).status_code == 401


async def test_no_secret_is_in_any_answer_log_or_record(
    control: Control, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    admin = await control.be("admin")
    said = [await control.login("admin", PASSWORD + "-wrong")]
    new = {"name": "new", "role": "viewer", "password": "new-is-not-allowed-here"}
    for body in (
        new,
        {**new, "password": "a-quite-good-one", "more": 1},
        {**new, "password": ["a-quite-good-one"]},
    ):
        said.append(await control.client.post("/v1/accounts", headers=admin, json=body))
    said.append(
        await control.client.post("/v1/accounts", headers=admin, content=b'{"password": "a-quite-good-one')
    )
    said.append(
        await control.client.patch(
            "/v1/accounts/viewer", headers=admin, json={"password": "a-quite-good-one"}
        )
    )
    said.append(await control.client.get("/v1/accounts", headers=admin))
    token = await control.client.post("/v1/tokens", headers=admin, json={"name": "ci", "role": "viewer"})
    said.append(await control.client.get("/v1/tokens", headers=admin))
    assert [answer.status_code for answer in said] == [401, 422, 422, 422, 422, 200, 200, 200]
    out = capfd.readouterr()
    told = "".join(answer.text for answer in said) + caplog.text + out.out + out.err + repr(control.book.kept)
    told += repr(control.access) + repr(control.settings)
    secrets = (
        PASSWORD,
        "new-is-not",
        "a-quite-good-one",
        token.json()["secret"],
        admin["Authorization"].split()[1],
    )
    for secret in secrets:
        assert secret not in told

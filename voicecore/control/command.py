"""``voicecore approvals``, ``pauses`` and ``steps`` over the API; ``accounts`` and ``egress`` on the box."""

from __future__ import annotations

import getpass
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from voicecore.config import Appliance, load_yaml
from voicecore.control.accounts import Accounts
from voicecore.control.client import client_from
from voicecore.control.process import control_settings, open_accounts
from voicecore.control.roles import Role
from voicecore.custody.house import open_audit
from voicecore.dialogue import load_agent
from voicecore.egress import Peers, rules
from voicecore.errors import ConfigError
from voicecore.pipeline.boundary import boundary
from voicecore.ports import Audit

approvals_app = typer.Typer(no_args_is_help=True, help="Tool calls that wait for a person.")
pauses_app = typer.Typer(no_args_is_help=True, help="Stop a call, a tool, or the box, and let it go on.")
steps_app = typer.Typer(no_args_is_help=True, help="What was done and can be taken back.")
accounts_app = typer.Typer(no_args_is_help=True, help="Who may use the control API (on the box itself).")
egress_app = typer.Typer(no_args_is_help=True, help="Whom this appliance may reach, as rules for the system.")

Url = Annotated[str | None, typer.Option(help="The control API; default $VOICECORE_CONTROL.")]
TokenFile = Annotated[Path | None, typer.Option(help="Where the token is; default $VOICECORE_TOKEN.")]
Ca = Annotated[Path | None, typer.Option(help="Certificate to trust; default $VOICECORE_CA.")]
Why = Annotated[str, typer.Option(help="The reason; it goes on record.", prompt=True)]
Config = Annotated[Path, typer.Option("--config", help="The appliance's YAML file.")]
Name = Annotated[str, typer.Argument()]
PasswordFile = Annotated[Path | None, typer.Option(help="Where the password is; else it is asked for.")]
User = Annotated[str, typer.Option(help="The system user that the appliance runs as.")]
_USER = re.compile(r"[a-z_][a-z0-9_-]*|\d+")


def _show(rows: list[dict[str, Any]], *columns: str) -> None:
    table = Table(*columns)
    for row in rows:
        table.add_row(*(str(row[column] if row[column] is not None else "") for column in columns))
    Console().print(table)


@approvals_app.command("list")
def list_approvals(url: Url = None, token_file: TokenFile = None, ca: Ca = None) -> None:
    """What waits, oldest first."""
    rows = client_from(url, token_file, ca).get("/v1/approvals")
    _show(rows, "key", "tool", "arguments", "reason", "left_s")


@approvals_app.command()
def approve(key: Name, why: Why, url: Url = None, token_file: TokenFile = None, ca: Ca = None) -> None:
    """Let it happen."""
    client_from(url, token_file, ca).post("/v1/approvals", key=key, approved=True, why=why)


@approvals_app.command()
def deny(key: Name, why: Why, url: Url = None, token_file: TokenFile = None, ca: Ca = None) -> None:
    """Let it not happen."""
    client_from(url, token_file, ca).post("/v1/approvals", key=key, approved=False, why=why)


@pauses_app.command("list")
def list_pauses(url: Url = None, token_file: TokenFile = None, ca: Ca = None) -> None:
    """What is paused."""
    rows = client_from(url, token_file, ca).get("/v1/pauses")
    _show(rows, "scope", "name", "who", "why", "since")


ScopeName = Annotated[str, typer.Argument(help="call, tool or box")]
Held = Annotated[str, typer.Argument(help="The call's id, or the tool's name.")]


@pauses_app.command("set")
def pause(
    scope: ScopeName, why: Why, name: Held = "", url: Url = None, token_file: TokenFile = None, ca: Ca = None
) -> None:
    """Stop it."""
    client_from(url, token_file, ca).post("/v1/pauses", scope=scope, name=name, why=why)


@pauses_app.command("lift")
def resume(
    scope: ScopeName, why: Why, name: Held = "", url: Url = None, token_file: TokenFile = None, ca: Ca = None
) -> None:
    """Let it go on."""
    client_from(url, token_file, ca).post("/v1/pauses/lift", scope=scope, name=name, why=why)


@steps_app.command("list")
def list_steps(call: str | None = None, url: Url = None, token_file: TokenFile = None, ca: Ca = None) -> None:
    """The latest ones, of all calls or of one."""
    query = {} if call is None else {"call": call}
    rows = client_from(url, token_file, ca).get("/v1/steps", **query)
    _show(rows, "key", "tool", "at", "undo", "undone")


@steps_app.command()
def undo(key: Name, why: Why, url: Url = None, token_file: TokenFile = None, ca: Ca = None) -> None:
    """Take one back."""
    client_from(url, token_file, ca).post("/v1/steps/undo", key=key, why=why)


@contextmanager
def _ledger(config: Path) -> Iterator[tuple[Accounts, Audit]]:
    """The accounts of the appliance, and the record on which their changes go."""
    appliance = load_yaml(config, Appliance)
    settings = control_settings(appliance)
    if appliance.audit is None:
        raise ConfigError("no-audit", "accounts need the section audit: what is done to them goes on record")
    audit, accounts = open_audit(appliance.audit), open_accounts(settings)
    try:
        yield accounts, audit
    finally:
        accounts.close()
        audit.close()


def _record(audit: Audit, kind: str, account: str, **facts: str) -> None:
    who = f"{getpass.getuser()} (on the box)"
    audit.keep("", kind, 0.0, {"who": who, "account": account, **facts}).result()


def _password(file: Path | None) -> str:
    if file is None:
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    try:
        return file.read_text(encoding="utf-8").rstrip("\n")
    except OSError as exc:
        raise ConfigError("no-secret", f"{file}: {exc.strerror}") from exc


@accounts_app.command("add")
def add_account(
    name: Name, role: Annotated[Role, typer.Option()], config: Config, password_file: PasswordFile = None
) -> None:
    """Make an account, such as the first admin's."""
    with _ledger(config) as (accounts, audit):
        password = _password(password_file)
        _record(audit, "account.add", name, role=role)
        accounts.add(name, role, password)


@accounts_app.command("password")
def set_password(name: Name, config: Config, password_file: PasswordFile = None) -> None:
    """Give an account another password; its sessions end."""
    with _ledger(config) as (accounts, audit):
        password = _password(password_file)
        _record(audit, "account.change", name)
        accounts.change(name, password=password)


@accounts_app.command("remove")
def remove_account(name: Name, config: Config) -> None:
    """Remove an account and its sessions."""
    with _ledger(config) as (accounts, audit):
        _record(audit, "account.remove", name)
        accounts.remove(name)


@accounts_app.command("list")
def list_accounts(config: Config) -> None:
    """All accounts and their roles."""
    with _ledger(config) as (accounts, _):
        rows = [{"name": name, "role": role.value, "made": made} for name, role, made in accounts.everybody()]
    _show(rows, "name", "role", "made")


def _peers(config: Path) -> tuple[Appliance, Peers]:
    appliance = load_yaml(config, Appliance)
    return appliance, boundary(appliance, load_agent(appliance.agent))


def _checked(user: str) -> str:
    if not _USER.fullmatch(user):
        raise ConfigError("bad-user", f"{user!r} is no system user")
    return user


@egress_app.command("show")
def show_peers(config: Config) -> None:
    """Who may be reached, and which setting says so."""
    _, peers = _peers(config)
    rows = [
        {"network": n.compressed, "port": p.port, "name": p.host, "why": p.why} for n, p in peers.resolved
    ]
    _show(rows, "network", "port", "name", "why")


@egress_app.command()
def nftables(config: Config, user: User = "voicecore") -> None:
    """Print a ruleset for `nft -f`; its counter "refused" counts what else was tried."""
    appliance, peers = _peers(config)
    listens = [appliance.control.port] if appliance.control and appliance.control.port else []
    print(rules.nftables(peers, _checked(user), listens), end="")


@egress_app.command()
def systemd(
    config: Config, user: User = "voicecore", executable: Path = Path("/usr/local/bin/voicecore")
) -> None:
    """Print a systemd unit whose processes reach nobody else."""
    _, peers = _peers(config)
    print(rules.systemd(peers, _checked(user), config.absolute(), executable), end="")

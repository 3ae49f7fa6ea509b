"""The control process: opens what it needs, shuts the way out, and serves until it is told to stop."""

from __future__ import annotations

from contextlib import ExitStack

from voicecore.config import Appliance, ControlSettings
from voicecore.control.access import Access
from voicecore.control.accounts import Accounts, Lifetimes
from voicecore.control.app import create_app
from voicecore.control.events import Relay
from voicecore.control.office import Office
from voicecore.control.server import make_server
from voicecore.custody.house import open_audit
from voicecore.dialogue import load_agent
from voicecore.egress import EgressLock
from voicecore.errors import ConfigError
from voicecore.pipeline.boundary import boundary
from voicecore.pipeline.oversight import CONTROL_SOCKET

FEED_SOCKET = "feed.sock"
"""In the appliance's ``run_dir``, beside ``CONTROL_SOCKET``; the agent process serves both."""


def control_settings(appliance: Appliance) -> ControlSettings:
    """Raises ConfigError("no-control") for an appliance that has no control process."""
    if appliance.control is None:
        raise ConfigError("no-control", "the appliance's file has no section control")
    return appliance.control


def open_accounts(settings: ControlSettings) -> Accounts:
    """Raises StoreError."""
    return Accounts(settings.accounts, Lifetimes(settings.session_s, settings.idle_s))


def serve_control(appliance: Appliance) -> None:
    """Until SIGINT or SIGTERM.

    Raises ConfigError: ``no-control``, ``no-audit`` (what people do goes on record), those of
    ``make_server`` and ``boundary``; StoreError.
    """
    settings = control_settings(appliance)
    if appliance.audit is None:
        raise ConfigError("no-audit", "control needs the section audit: what people do goes on record")
    with ExitStack() as opened:
        audit = open_audit(appliance.audit)
        opened.callback(audit.close)
        accounts = open_accounts(settings)
        opened.callback(accounts.close)
        relay = Relay(appliance.run_dir / FEED_SOCKET)
        office = Office(Access(accounts, settings), appliance.run_dir / CONTROL_SOCKET, relay, audit)
        server = make_server(create_app(office), settings)
        if appliance.egress.lock:
            EgressLock(boundary(appliance, load_agent(appliance.agent))).install()
        server.run()

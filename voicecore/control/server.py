"""Serves the API with TLS; in plain HTTP only to this machine."""

from __future__ import annotations

import ipaddress
import ssl
import stat
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from voicecore.config import ControlSettings
from voicecore.errors import ConfigError

_MOST_CONNECTIONS = 200
_LONGEST_MESSAGE = 4096
"""Bytes that a WebSocket may send us: we read none."""


def make_server(app: FastAPI, settings: ControlSettings) -> uvicorn.Server:
    """Not started yet.

    Raises ConfigError: ``no-certificate`` (needed but for a loopback address), ``bad-certificate``,
    ``key-exposed`` (others on this machine can read the key).
    """
    check_door(settings)
    config = uvicorn.Config(
        app,
        host=settings.address,
        port=settings.port,
        ssl_certfile=settings.certificate,
        ssl_keyfile=settings.key,
        http="h11",
        ws="websockets-sansio",
        loop="asyncio",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=_MOST_CONNECTIONS,
        ws_max_size=_LONGEST_MESSAGE,
        timeout_graceful_shutdown=2,
    )
    try:
        config.load()
    except (OSError, ssl.SSLError) as exc:
        raise ConfigError("bad-certificate", f"{settings.certificate}, {settings.key}: {exc}") from exc
    if config.ssl is not None:
        config.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
    return uvicorn.Server(config)


def check_door(settings: ControlSettings) -> None:
    """Whether people's passwords would be safe on the way; see ``make_server``."""
    if settings.certificate is None and settings.key is None:
        if not _is_loopback(settings.address):
            message = f"{settings.address} is no loopback address: control needs certificate and key"
            raise ConfigError("no-certificate", message)
        return
    if settings.certificate is None or settings.key is None:
        raise ConfigError("no-certificate", "control needs both certificate and key")
    _check_key(settings.key)


def _check_key(key: Path) -> None:
    try:
        mode = key.stat().st_mode
    except OSError as exc:
        raise ConfigError("bad-certificate", f"{key}: {exc.strerror}") from exc
    if mode & (stat.S_IROTH | stat.S_IWOTH | stat.S_IWGRP):
        raise ConfigError("key-exposed", f"{key}: mode {stat.S_IMODE(mode):04o}, others must not read it")


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False

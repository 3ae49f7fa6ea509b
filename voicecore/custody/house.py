"""Opens what is kept of calls, as the appliance's file says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

from voicecore.audit import Audit, Chain, Exporter, Signer
from voicecore.audit.sinks import sink
from voicecore.config import Appliance, AuditSettings, TokenSettings, VaultSettings
from voicecore.custody.custodian import Custodian
from voicecore.errors import ConfigError
from voicecore.store import SqlStore
from voicecore.vault import FileMasters, KeyStore, Masters


def open_keys(settings: VaultSettings) -> KeyStore:
    """Raises StoreError (``KeyStore``), ConfigError: ``no-secret``, ``no-engine`` (no PKCS #11 there)."""
    return KeyStore(settings.file, open_masters(settings), settings.region)


def own_keys(appliance: Appliance, create: bool = False) -> KeyStore | None:
    """Without a vault: the keys with which the agent process seals what it must be able to send again, or
    take back, in its ``run_dir``; None where there are none, unless ``create``. Raises StoreError."""
    folder = appliance.run_dir
    settings = VaultSettings(file=folder / "keys.db", master_key=folder / "master.key")
    if not (folder / "master.key").exists():
        if not create:
            return None
        open_masters(settings, create=True)
    return open_keys(settings)


def open_masters(settings: VaultSettings, create: bool = False) -> Masters:
    """Where the master key is; ``create``: with a first one. Raises as ``open_keys``."""
    if settings.token is not None:
        return _token(settings.token, create)
    assert settings.master_key is not None
    return FileMasters.create(settings.master_key) if create else FileMasters(settings.master_key)


def open_audit(settings: AuditSettings, bundle: str = "", export: bool = False) -> Audit:
    """``export``: whether this is the process that sends checkpoints away; one of the box is enough.

    Raises StoreError (``Chain``, ``Signer``).
    """
    signer = Signer.load(settings.signing_key)
    chain = Chain(settings.file, signer)
    exporter = None
    if export and settings.export:
        exporter = Exporter(Chain(settings.file, signer), {url: sink(url) for url in settings.export})
    return Audit(
        chain,
        bundle,
        checkpoint_s=settings.checkpoint_s,
        checkpoint_records=settings.checkpoint_records,
        exporter=exporter,
    )


@contextmanager
def custodian(appliance: Appliance) -> Iterator[Custodian]:
    """For a command; what it did is on record when the context ends. Raises StoreError, ConfigError."""
    with ExitStack() as opened:
        keys = own = audit = None
        if appliance.vault is not None:
            keys = open_keys(appliance.vault)
            opened.callback(keys.close)
        elif (own := own_keys(appliance)) is not None:
            opened.callback(own.close)
        store = SqlStore(appliance.store.url, lambda: datetime.now(UTC), keys)
        opened.callback(store.close)
        if appliance.audit is not None:
            audit = open_audit(appliance.audit)
            opened.callback(audit.close)
        region = appliance.vault.region if appliance.vault else ""
        yield Custodian(store, keys, audit, appliance.store.recordings, region, own)


def _token(settings: TokenSettings, create: bool) -> Masters:
    try:
        from voicecore.vault.token import TokenMasters  # noqa: PLC0415  # only where there is a token
    except ImportError as exc:
        raise ConfigError("no-engine", "vault.token needs the package python-pkcs11") from exc
    try:
        pin = settings.pin_file.read_text(encoding="utf-8").strip()
    except OSError as exc:
        raise ConfigError("no-secret", f"{settings.pin_file}: {exc.strerror}") from exc
    make = TokenMasters.create if create else TokenMasters
    return make(settings.module, settings.token, pin, settings.label)

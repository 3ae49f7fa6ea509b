"""``voicecore audit``, ``vault``, ``recording``, ``retention`` and ``erase``."""

from __future__ import annotations

import getpass
import json
import sys
import wave
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from voicecore.audit import Chain, Checkpoint, Report, Signer, Verifier, verify
from voicecore.audit.extract import extract, records, verify_extract
from voicecore.config import Appliance, AuditSettings, VaultSettings, load_yaml
from voicecore.custody.custodian import Person
from voicecore.custody.house import custodian, open_audit, open_keys, open_masters
from voicecore.errors import ConfigError
from voicecore.types import RATE

audit_app = typer.Typer(no_args_is_help=True, help="The record of every decision: prove it, read it.")
vault_app = typer.Typer(no_args_is_help=True, help="Keys of what is kept of calls.")
recording_app = typer.Typer(no_args_is_help=True, help="Sealed recordings.")
retention_app = typer.Typer(no_args_is_help=True, help="How long things are kept.")

Config = Annotated[Path, typer.Option("--config", help="The appliance's YAML file.")]
Json = Annotated[bool, typer.Option("--json", help="One line of JSON.")]
Why = Annotated[str, typer.Option(help="The reason; it goes on record.", prompt=True)]
_CHUNK = 1 << 20


@audit_app.command("init")
def audit_init(config: Config) -> None:
    """Make the signing key; keep the public key, which is printed, off the box."""
    print(Signer.create(_audit(config).signing_key).pem(), end="")


@audit_app.command("key")
def audit_key(config: Config) -> None:
    """Print the public key that proves checkpoints."""
    print(Signer.load(_audit(config).signing_key).pem(), end="")


@audit_app.command("verify")
def audit_verify(
    config: Annotated[Path | None, typer.Option("--config", help="The appliance's YAML file.")] = None,
    file: Annotated[
        Path | None, typer.Option(help="What `audit export` wrote, instead of the chain.")
    ] = None,
    public_key: Annotated[
        Path | None, typer.Option(help="PEM kept off the box; without it the box's.")
    ] = None,
    against: Annotated[
        list[Path] | None, typer.Option(help="Exported checkpoints: a file of lines, or of a syslog server.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Check every record, link and signature; exits with 1 if anything was changed, removed or cut off."""
    settings = _audit(config) if config else None
    if public_key is None and settings is None:
        raise ConfigError("usage", "verify needs --config or --public-key")
    verifier = Verifier.load(public_key) if public_key else Signer.load(_audit(config).signing_key)
    if file is not None:
        report = verify_extract(file, verifier)
    elif settings is not None:
        report = verify(settings.file, verifier, [c for path in against or () for c in _exported(path)])
    else:
        raise ConfigError("usage", "verify needs --config or --file")
    print(json.dumps(asdict(report) | {"ok": report.ok}) if as_json else "\n".join(_lines(report)))
    raise typer.Exit(0 if report.ok else 1)


@audit_app.command("show")
def audit_show(
    config: Config, call_id: Annotated[str, typer.Argument(help="A call's id; '' is the box.")]
) -> None:
    """One line of JSON per record of a call."""
    for _, body in records(_audit(config).file, call_id):
        print(body)


@audit_app.command("export")
def audit_export(
    config: Config,
    out: Annotated[Path, typer.Argument(help="The file to write.")],
    call: Annotated[str | None, typer.Option(help="Only this call's records.")] = None,
) -> None:
    """Write records and a signature over them to a file that `audit verify --file` checks anywhere."""
    settings = _audit(config)
    with out.open("x", encoding="utf-8") as file:
        count = extract(settings.file, Signer.load(settings.signing_key), file, call)
    print(f"{count} records in {out}")


@audit_app.command("checkpoint")
def audit_checkpoint(config: Config) -> None:
    """Sign the chain as it is and send checkpoints to all sinks now."""
    with closing(open_audit(_audit(config), export=True)) as audit:
        audit.checkpoint()


@vault_app.command("init")
def vault_init(config: Config) -> None:
    """Make the master key, and the file of keys."""
    settings = _vault(config)
    open_masters(settings, create=True)
    open_keys(settings).close()


@vault_app.command("rotate")
def vault_rotate(config: Config) -> None:
    """Put all keys under a new master key and destroy the old: what backups hold of erased calls, too, is
    useless then."""
    with closing(open_keys(_vault(config))) as keys:
        print(f"{keys.rotate()} keys are under a new master key")


@recording_app.command("export")
def recording_export(
    config: Config,
    call_id: str,
    out: Annotated[Path, typer.Argument(help="The WAV file to write; - for standard output, to play it.")],
    why: Why,
    salvage: Annotated[bool, typer.Option(help="Also what is damaged or has no end.")] = False,
) -> None:
    """Open a sealed recording; who and why go on record. For whom the system lets read the master key."""
    with (
        custodian(load_yaml(config, Appliance)) as keeper,
        closing(keeper.listen(call_id, _person(why), salvage)) as sound,
        wave.open(sys.stdout.buffer if str(out) == "-" else _private(out), "wb") as file,
    ):
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.setnframes(sound.size // 4)
        while piece := sound.read(_CHUNK):
            file.writeframesraw(piece)


@retention_app.command("run")
def retention_run(config: Config, as_json: Json = False) -> None:
    """Destroy what has been kept for as long as the settings allow; for a timer, once a day."""
    appliance = load_yaml(config, Appliance)
    with custodian(appliance) as keeper:
        if appliance.audit is None:
            gone = keeper.retain(appliance.retention)
        else:
            signer = Signer.load(appliance.audit.signing_key)
            with closing(Chain(appliance.audit.file, signer)) as chain:
                gone = keeper.retain(appliance.retention, chain)
    print(json.dumps(asdict(gone)) if as_json else _told(asdict(gone)))


def erase(
    config: Config,
    caller: Annotated[str, typer.Option(help="A telephone number or SIP address, in any spelling.")],
    why: Why,
    as_json: Json = False,
) -> None:
    """Destroy what is kept of all calls of a caller: what was said, recordings, secrets, and their keys."""
    with custodian(load_yaml(config, Appliance)) as keeper:
        gone = keeper.erase(caller, _person(why))
    print(json.dumps(asdict(gone)) if as_json else _told(asdict(gone)))


def _audit(config: Path | None) -> AuditSettings:
    settings = load_yaml(config, Appliance).audit if config else None
    if settings is None:
        raise ConfigError("bad-field", f"{config}: audit is not set", file=str(config), field="audit")
    return settings


def _vault(config: Path) -> VaultSettings:
    settings = load_yaml(config, Appliance).vault
    if settings is None:
        raise ConfigError("bad-field", f"{config}: vault is not set", file=str(config), field="vault")
    return settings


def _person(why: str) -> Person:
    """Whoever the system says runs the command."""
    return Person(f"{getpass.getuser()} (command line)", why)


def _private(path: Path) -> str:
    """A new file for its owner only."""
    path.touch(0o600, exist_ok=False)
    return str(path)


def _exported(path: Path) -> list[Checkpoint]:
    """The checkpoints in lines, each perhaps with a syslog server's words before it."""
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    return [Checkpoint.parse(line[line.index("{") :]) for line in lines if "{" in line]


def _lines(report: Report) -> list[str]:
    faults = [f"{f.code:18} records {f.first} to {f.last}" for f in report.faults]
    found = f"{report.records} records of {report.calls} calls, {report.checkpoints} signatures, "
    return [*faults, found + (f"whole; proved to record {report.proved}" if report.ok else "NOT WHOLE")]


def _told(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items()) + " destroyed"

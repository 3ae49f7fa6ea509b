"""Reads what people write: YAML checked against a schema, every complaint with file, line and field."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from voicecore.errors import ConfigError


class Section(BaseModel):
    """A part of a configuration file: immutable, and unknown fields are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


ModelT = TypeVar("ModelT", bound=BaseModel)


def parse_yaml(text: str, source: str, schema: type[ModelT]) -> ModelT:
    """Check YAML ``text`` against ``schema``; ``source`` is the file name for complaints.

    Raises ConfigError: ``yaml-syntax`` (facts: file, line) or ``bad-field`` (file, line, field);
    all faults of a file are in one message, a line each.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        line = mark.line + 1 if mark else 1
        raise ConfigError("yaml-syntax", f"{source}:{line}: {exc.problem}", file=source, line=line) from exc
    try:
        return schema.model_validate(data if data is not None else {})
    except ValidationError as exc:
        faults = []
        for fault in exc.errors():
            field = ".".join(str(part) for part in fault["loc"] if part != "[key]") or "(document)"
            faults.append((_line_of(node, fault["loc"]), field, fault["msg"]))
        first = faults[0]
        message = "\n".join(f"{source}:{line}: {field}: {what}" for line, field, what in faults)
        raise ConfigError("bad-field", message, file=source, line=first[0], field=first[1]) from exc


def load_yaml(path: Path, schema: type[ModelT]) -> ModelT:
    """``parse_yaml`` of a file. Raises ConfigError("no-such-file") as well."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as exc:
        raise ConfigError("no-such-file", f"{path}: {exc.strerror}", file=str(path)) from exc
    return parse_yaml(text, str(path), schema)


def line_of(text: str, loc: tuple[int | str, ...]) -> int:
    """The 1-based line of field ``loc`` in valid YAML ``text``, for faults that a schema cannot see."""
    return _line_of(yaml.compose(text, Loader=yaml.SafeLoader), loc)


def _line_of(node: yaml.Node | None, loc: tuple[int | str, ...]) -> int:
    """The 1-based line of the deepest part of ``loc`` that is in the file."""
    line = 1
    for part in loc:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(part):
                    line, node = key.start_mark.line + 1, value
                    break
            else:
                continue
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line


def read_secret(file: Path | None, variable: str | None, wanted: str) -> str:
    """A secret from a file or from an environment variable; it never stands in a configuration.

    ``wanted`` is the complaint where neither is given. Raises ConfigError("no-secret").
    """
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").strip()
        except OSError as exc:
            raise ConfigError("no-secret", f"{file}: {exc.strerror}") from exc
    if variable is not None and variable in os.environ:
        return os.environ[variable]
    raise ConfigError("no-secret", wanted if variable is None else f"{variable} is not set")


class Registration(Section):
    """A REGISTER with digest authentication (RFC 3261, RFC 7616)."""

    registrar: str
    user: str
    password_file: Path | None = None
    password_env: str | None = None
    realm: str = "*"
    expires_s: int = Field(300, ge=30, le=86_400)

    def password(self) -> str:
        """The secret, read when needed. Raises ConfigError("no-secret")."""
        wanted = "register needs password_file or password_env"
        return read_secret(self.password_file, self.password_env, wanted)


class SipSettings(Section):
    """The SIP endpoint of one media process."""

    address: str = "127.0.0.1"
    port: int = Field(5060, ge=0, le=65_535)
    """0 lets the system choose; the endpoint reports what it got."""
    transports: tuple[Literal["udp", "tcp"], ...] = ("udp", "tcp")
    rtp_port: int = Field(20_000, ge=1024, le=65_000)
    """First RTP port; each call takes an even port and the next one for RTCP."""
    codecs: tuple[Literal["G722", "PCMA", "PCMU"], ...] = ("G722", "PCMA", "PCMU")
    max_calls: int = Field(4, ge=1, le=4)
    """The pjsua2 wheel is built for four calls a process."""
    retry_after_s: int = Field(5, ge=1)
    user: str = "agent"
    trunks: tuple[str, ...] = ()
    """Addresses allowed to call in without registration; empty allows any."""
    register_with: Registration | None = Field(None, alias="register")
    dtmf: Literal["rfc4733", "info"] = "rfc4733"

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class EngineChoice(Section):
    """The engine behind a port: its name in the table of ``models/``, or a mapping that says more."""

    engine: str
    model: str | None = None
    """Another one of the catalogue than the engine's usual."""
    device: str = Field("cpu", pattern=r"^(cpu|cuda(:\d+)?)$")
    """What it computes on: "cpu", "cuda" or "cuda:N"."""
    threads: int | None = Field(None, ge=1, le=256)
    """On the CPU; None: as the engine sees fit."""
    options: dict[str, Any] = {}
    """The engine's own, by the names that its constructor gives them."""

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        return {"engine": value} if isinstance(value, str) else value

    @property
    def label(self) -> str:
        """What stands in a call's record."""
        return f"{self.engine} {self.model}" if self.model else self.engine


def _engine(name: str) -> EngineChoice:
    return EngineChoice(engine=name)


class EngineSettings(Section):
    """Which engine stands behind each port, and where all of them run."""

    vad: EngineChoice = _engine("silero")
    turn: EngineChoice = _engine("blend")
    sounds: EngineChoice = _engine("prosody")
    asr: EngineChoice = _engine("pocketsphinx")
    tts: EngineChoice = _engine("espeak")
    embedder: EngineChoice = _engine("minilm")
    llm: EngineChoice = _engine("retrieval")
    place: Literal["in-process", "processes"] = "in-process"
    """"processes": recogniser, language model and speech each in a process of its own, which is started
    again when it dies."""
    allow_synthetic: bool = False
    """Whether calls may be served with weights of noise, made to measure this box with."""

    @property
    def choices(self) -> dict[str, EngineChoice]:
        """By port."""
        ports = ((port, getattr(self, port)) for port in type(self).model_fields)
        return {port: choice for port, choice in ports if isinstance(choice, EngineChoice)}

    @property
    def labels(self) -> dict[str, str]:
        """By port, for a call's record."""
        return {port: choice.label for port, choice in self.choices.items()}


class AdmissionSettings(Section):
    """How many calls are taken, so that none is slow."""

    late_ms: float = Field(1000.0, gt=0)
    """Of recent replies 95 in 100 are to begin within this, once the caller's turn was taken."""
    window_s: float = Field(60.0, gt=0)
    fewest_turns: int = Field(10, ge=1)
    """Recent is what is within the window; fewer turns than this say nothing."""
    most_calls: int | None = Field(None, ge=1)
    retry_after_s: int = Field(10, ge=1)
    """What a refused caller is told (503, Retry-After)."""
    overflow: str | None = None
    """SIP URI to which calls are transferred instead of refused."""


class TurnSettings(Section):
    """How the floor changes hands; milliseconds on the audio clock."""

    speech_probability: float = Field(0.5, gt=0, lt=1)
    start_ms: int = Field(64, ge=20)
    """Voiced time that begins a caller turn."""
    soft_end_ms: int = Field(80, ge=20)
    """Silence after which early work starts."""
    cutoff_cost_ms: float = Field(700.0, gt=0)
    """How much silence before answers one false cut-off is worth: more means longer waits."""
    wait_min_ms: int = Field(120, ge=60)
    wait_open_ms: int = Field(320, ge=60)
    """The least where the words do not fill what the dialogue waits for: most pauses inside a turn are
    shorter, far more of them than the log-normal law has."""
    wait_max_ms: int = Field(1600, ge=200)
    """Bounds of the silence that ends a turn."""
    pause_median_ms: float = Field(400.0, gt=0)
    pause_spread: float = Field(0.6, gt=0)
    """How long people pause inside a turn: log-normal, median and standard deviation of the natural
    logarithm; each call learns its caller's own median."""
    silence_probability: float = Field(0.35, gt=0, lt=1)
    """Below it a frame is silence; between the two a frame keeps what was."""
    echo_correlation: float = Field(0.6, gt=0, le=1)
    """From here on, sound while the agent speaks is taken for its own echo."""
    duck_ms: int = Field(40, ge=20)
    """Voiced time over the agent's speech after which it speaks more quietly, until that is judged."""
    duck_gain: float = Field(0.25, ge=0, le=1)
    keep_ms: int = Field(700, ge=0)
    """How long a sound that was not an interruption is kept, in case the caller's turn began with it."""
    interrupt_ms: int = Field(1000, ge=60)
    """Voiced time over the agent's speech that is an interruption unless it surely is something else."""
    interrupt_sure: float = Field(0.84, gt=0, le=1)
    """Probability of an interruption that stops the agent 80 ms after the sound's onset; falls to ..."""
    interrupt_likely: float = Field(0.63, gt=0, le=1)
    """... 340 ms after it."""
    answer_ms: int = Field(700, ge=0)
    """A short sound over less than this of the agent's speech is the answer to it."""
    aside_db: float = Field(-9.0, le=0)
    """This far under the caller's usual level speaks for speech that is not meant for us."""
    filler_ms: int = Field(1200, ge=200)
    """Silence, since the caller's last sound or the agent's own, after which a late reply is explained."""
    filler_again_ms: int = Field(5000, ge=1000)
    """... and after that."""
    no_input_ms: int = Field(7000, ge=1000)
    hold_ms: int = Field(20_000, ge=1000)
    """``no_input_ms`` for a caller who said "hold on"."""


class StoreSettings(Section):
    """Where calls are kept."""

    url: str = "sqlite:///voicecore.db"
    recordings: Path = Path("recordings")


class EgressSettings(Section):
    """Whom the appliance may reach: what other settings name, this machine, and ``allow``."""

    lock: bool = True
    """Whether our processes refuse everybody else; off only for whom a firewall of the site is enough."""
    allow: tuple[str, ...] = ()
    """Addresses, networks or names, with or without a port: "10.1.2.0/24", "pbx.example:5060" or
    "[fd00::5]:514". A PBX that is no trunk, or sends media from elsewhere, is to be named here."""


class ControlSettings(Section):
    """The HTTP API of the control process, for people: approvals, pauses, accounts."""

    address: str = "127.0.0.1"
    port: int = Field(8443, ge=0, le=65_535)
    certificate: Path | None = None
    key: Path | None = None
    """PEM files; without them only a loopback address is served, in plain HTTP."""
    accounts: Path = Path("control.db")
    """Where accounts, tokens and sessions are kept."""
    session_s: int = Field(12 * 3600, ge=60)
    """How long a login lasts at most, and ..."""
    idle_s: int = Field(1800, ge=60)
    """... without being used."""
    logins: int = Field(5, ge=1)
    """Wrong passwords in ``logins_s`` after which a name, or an address, has to wait."""
    logins_s: float = Field(300.0, gt=0)
    requests_per_s: float = Field(20.0, gt=0)
    """Of one token; twice as many may come at once."""


class AuditSettings(Section):
    """Where the chain of decisions is kept, and where its signed checkpoints go."""

    file: Path = Path("audit.db")
    signing_key: Path = Path("audit.key")
    """Ed25519, PEM, for the owner only; made by ``voicecore audit init``."""
    checkpoint_s: float = Field(60.0, gt=0)
    """The longest that a record waits for a checkpoint; what came after the last exported one can't be
    proved to an outsider."""
    checkpoint_records: int = Field(1000, ge=1)
    export: tuple[str, ...] = ()
    """Off the box: ``file:///PATH``, or syslog (RFC 5424) at ``udp://HOST:PORT``, ``tcp://HOST:PORT``,
    ``unix:///PATH``."""

    @field_validator("export")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for url in value:
            parts = urlsplit(url)
            place = parts.path if parts.scheme in ("file", "unix") else parts.port
            if parts.scheme not in ("file", "unix", "udp", "tcp") or not place:
                raise ValueError(f"{url!r} is none of file:///PATH, udp://H:PORT, tcp://H:PORT, unix:///PATH")
        return value


class TokenSettings(Section):
    """A PKCS #11 token that holds the master key."""

    module: Path
    """The maker's library, such as /usr/lib/softhsm/libsofthsm2.so."""
    token: str
    """Its label."""
    pin_file: Path
    label: str = "voicecore"
    """Of the keys in it."""


class VaultSettings(Section):
    """Encryption of what is kept of calls, under one master key."""

    file: Path = Path("keys.db")
    master_key: Path | None = None
    """A file for the owner only, made by ``voicecore vault init``; where backups of the data do not go."""
    token: TokenSettings | None = None
    """Or a token."""
    region: str = Field("", pattern="^([A-Z]{2})?$")
    """Where telephone numbers without a country code are from, such as DE."""

    @model_validator(mode="after")
    def _one(self) -> VaultSettings:
        if (self.master_key is None) == (self.token is None):
            raise ValueError("a vault needs a master_key or a token, and not both")
        return self


class RetentionSettings(Section):
    """After how many days what is kept of a call goes; None: never."""

    transcript_days: float | None = Field(None, gt=0)
    """Transcripts, tool traces, outcomes, and who called."""
    recording_days: float | None = Field(None, gt=0)
    vault_days: float | None = Field(None, gt=0)
    """At the latest; what is in the vault has a time of its own as well."""
    audit_days: float | None = Field(None, gt=0)


class TrustSettings(Section):
    """What stands between callers, the agent and its tools; all of it is on unless switched off here."""

    redact: bool = True
    """Private data is kept out of all but memory and tools."""
    guard: bool = True
    """What callers say, and every sentence before it is spoken, is judged."""
    policy: bool = True
    """Tools are called as the agent's policy.yaml allows, and only if it was proved."""


class Appliance(Section):
    """The file given to ``voicecore serve --config``."""

    agent: Path
    sip: SipSettings = SipSettings()
    engines: EngineSettings = EngineSettings()
    admission: AdmissionSettings = AdmissionSettings()
    turns: TurnSettings = TurnSettings()
    store: StoreSettings = StoreSettings()
    data_dir: Path | None = None
    """Where model weights lie; default ``$VOICECORE_DATA`` or ``~/.local/share/voicecore``."""
    run_dir: Path = Path("run")
    """Sockets of the running appliance."""
    backend: str | None = None
    """Base URL of the tools' back-end; overrides the agent's own."""
    trust: TrustSettings = TrustSettings()
    egress: EgressSettings = EgressSettings()
    control: ControlSettings | None = None
    """Without it there is no control process: nobody can approve anything."""
    audit: AuditSettings | None = None
    """Without it nothing is put on record."""
    vault: VaultSettings | None = None
    """Without it nothing is encrypted."""
    retention: RetentionSettings = RetentionSettings()


def data_dir(configured: Path | None = None) -> Path:
    """The folder of model weights."""
    if configured is not None:
        return configured
    default = Path.home() / ".local" / "share" / "voicecore"
    return Path(os.environ.get("VOICECORE_DATA", default))

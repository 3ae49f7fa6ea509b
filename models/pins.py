"""The operator's own hashes, for files that the catalogue has none for: reviewed once, held ever after."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from voicecore.errors import ConfigError

PINS = "pins.json"


def read_pins(data_dir: Path) -> dict[str, dict[str, str]]:
    """``{model: {file: sha256}}``. Raises ConfigError("bad-pins") for a file that is not that."""
    file = data_dir / PINS
    try:
        pins = json.loads(file.read_text(encoding="utf-8"))
        return {
            str(name): {str(k): parse_digest(v) for k, v in files.items()} for name, files in pins.items()
        }
    except FileNotFoundError:
        return {}
    except (ValueError, AttributeError) as exc:
        raise ConfigError("bad-pins", f"{file}: {exc}", file=str(file)) from exc


def add_pins(data_dir: Path, model: str, pins: Mapping[str, str]) -> None:
    """Keep ``{file: sha256}`` of ``model``; a file's later pin takes the place of its earlier one."""
    everything = read_pins(data_dir)
    everything[model] = everything.get(model, {}) | dict(pins)
    data_dir.mkdir(parents=True, exist_ok=True)
    (data_dir / PINS).write_text(json.dumps(everything, indent=1), encoding="utf-8")


def parse_pins(texts: Sequence[str]) -> dict[str, str]:
    """``FILE=SHA256`` as written on a command line. Raises ConfigError("bad-pins")."""
    pairs = (text.partition("=") for text in texts)
    try:
        return {name: parse_digest(digest) for name, _, digest in pairs}
    except ValueError as exc:
        raise ConfigError("bad-pins", f"--pin FILE=SHA256: {exc}") from exc


def parse_digest(text: str) -> str:
    """A sha256 in lower case. Raises ValueError."""
    if not isinstance(text, str) or not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        raise ValueError(f"{text!r} is no sha256 of 64 hexadecimal digits")
    return text.lower()

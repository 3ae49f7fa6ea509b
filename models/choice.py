"""One engine as a configuration chooses it: checked against the table before anything is loaded."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError

from models.catalogue import find_model
from models.engines import Engine, Port, find_engine, load
from models.sharing.board import Boards
from models.sharing.speech import SharingTts
from models.synthesize.marker import is_synthetic
from voicecore.config import EngineChoice
from voicecore.errors import ConfigError, EngineError

ADDED = frozenset(
    ("device", "threads", "voice", "rate", "pitch", "lexicon", "fixed", "opening", "embedder", "seat")
)
"""Options that are not for a configuration's ``options``: it has fields of their own for the first two, the
others are the appliance's to add."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One engine of the table."""

    name: str
    model: str | None = None
    """Another one of the catalogue than the table says."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """To its constructor, JSON-ready; a dataclass is given as the mapping of its fields."""


def chosen(port: Port, wanted: EngineChoice, added: Mapping[str, Any] = MappingProxyType({})) -> Choice:
    """What ``wanted`` asks for; of ``added`` the engine gets what it takes.

    Raises ConfigError (``unknown-engine``, ``unknown-model``, ``bad-option`` or the engine's own code) with
    ``loc``, the place in the configuration; EngineError("engine-missing") where options can't be checked.
    """
    entry = find_engine(port, wanted.engine)
    if wanted.model:
        _check_model(port, entry, wanted)
    own: dict[str, Any] = {"device": wanted.device} if wanted.device != "cpu" else {}
    own |= {"threads": wanted.threads} if wanted.threads else {}
    for name in own:
        if name not in entry.takes:
            raise _bad(port, (name,), f"{wanted.engine} has no say in it: leave it out")
    for name in wanted.options:
        if name not in entry.takes or name in ADDED:
            known = ", ".join(sorted(set(entry.takes) - ADDED)) or "none"
            raise _bad(port, ("options", name), f"{wanted.engine} takes no such option; known: {known}")
    typed_options(port, Choice(wanted.engine, options=wanted.options))
    for_it = {name: value for name, value in added.items() if name in entry.takes}
    return Choice(wanted.engine, wanted.model, {**for_it, **own, **wanted.options})


def _check_model(port: Port, entry: Engine, wanted: EngineChoice) -> None:
    """One made on this box is known only to its data folder, and is looked for when it is loaded."""
    if entry.model is None:
        raise _bad(port, ("model",), f"{wanted.engine} takes no model", "unknown-model")
    try:
        kind = find_model(str(wanted.model)).kind
    except ConfigError:
        return
    if kind != port:
        raise _bad(port, ("model",), f"{wanted.model} is a model for {kind}", "unknown-model")


def _bad(port: Port, place: tuple[str, ...], what: str, code: str = "bad-option") -> ConfigError:
    loc = ("engines", port, *place)
    return ConfigError(code, f"{'.'.join(loc)}: {what}", loc=loc)


def load_choice(port: Port, choice: Choice, data_dir: Path, boards: Boards, **more: Any) -> Any:
    """The engine, which gives way to others on its device; ``more`` are options that can't be written down.

    Raises ConfigError and EngineError as ``models.engines.load`` does; ConfigError("bad-option").
    """
    takes = find_engine(port, choice.name).takes
    options = typed_options(port, choice) | more
    device = str(choice.options.get("device", "cpu"))
    if "seat" in takes:
        options["seat"] = boards.seat(device)
    make: Any = load
    engine = make(port, choice.name, data_dir, model=choice.model, **options)
    return SharingTts(engine, boards.seat(device)) if port == "tts" and "device" in takes else engine


def typed_options(port: Port, choice: Choice) -> dict[str, Any]:
    """The options of a choice as its constructor wants them.

    Raises ConfigError with ``bad-option`` or the code of the settings' own check, and EngineError
    ("engine-missing").
    """
    if not choice.options:
        return {}
    entry = find_engine(port, choice.name)
    try:
        factory = getattr(import_module(entry.module), entry.factory)
    except ModuleNotFoundError as exc:
        message = f"{choice.name} needs the package {exc.name}: pip install 'voicecore[{entry.extra}]'"
        raise EngineError("engine-missing", message, port=port, name=choice.name) from exc
    hints = get_type_hints(factory.__init__ if inspect.isclass(factory) else factory)
    return {name: _typed(port, name, hints.get(name), value) for name, value in choice.options.items()}


def _typed(port: Port, name: str, hint: Any, value: Any) -> Any:
    """``value`` as ``hint`` has it, if that is something that can be written down."""
    if name in ADDED:
        return value
    place = ("options", name)
    kind = next(filter(is_dataclass, (hint, *get_args(hint))), None)
    if kind is not None and isinstance(value, Mapping):
        for unknown in _unknown(kind, value):
            known = ", ".join(part.name for part in fields(unknown[0]))
            raise _bad(port, (*place, *unknown[1]), f"no such setting; known: {known}")
    try:
        return TypeAdapter[Any](hint).validate_python(value)
    except ValidationError as exc:
        fault = exc.errors()[0]
        within = tuple(str(part) for part in fault["loc"] if str(part) in _names(value))
        raise _bad(port, (*place, *within), fault["msg"]) from exc
    except ConfigError as exc:
        raise _bad(port, place, str(exc).removeprefix(f"{exc.code}: "), exc.code) from exc


def _unknown(kind: Any, value: Mapping[str, Any]) -> Iterator[tuple[Any, tuple[str, ...]]]:
    """(dataclass, place) of every key in ``value`` that is no field."""
    hints = get_type_hints(kind)
    for name, part in value.items():
        if name not in hints:
            yield kind, (name,)
        elif is_dataclass(hints[name]) and isinstance(part, Mapping):
            yield from ((where, (name, *rest)) for where, rest in _unknown(hints[name], part))


def _names(value: Any) -> set[str]:
    """All keys in ``value``."""
    if not isinstance(value, Mapping):
        return set()
    return {str(name) for name in value}.union(*map(_names, value.values()))


def synthetic_models(choices: Mapping[Port, Choice], data_dir: Path) -> tuple[str, ...]:
    """Those of the chosen models whose weights are noise, by what stands in their own files."""
    models = (choice.model or find_engine(port, choice.name).model for port, choice in choices.items())
    return tuple(sorted({model for model in models if model and is_synthetic(data_dir / model)}))


def refuse_synthetic(choices: Mapping[Port, Choice], data_dir: Path) -> None:
    """Raises EngineError("model-synthetic"): callers are not to be talked to by noise."""
    models = synthetic_models(choices, data_dir)
    if models:
        message = (
            f"{', '.join(models)} in {data_dir} are weights of noise, made for measurements; get real ones "
            f"with: voicecore models pull {' '.join(models)}; or set engines.allow_synthetic: true"
        )
        raise EngineError("model-synthetic", message, models=models, data_dir=str(data_dir))

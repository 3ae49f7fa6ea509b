"""``voicecore models``: list, pull, verify, import, convert, quantize, synthesize and remove weights."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from models.catalogue import (
    EMBEDDED,
    Model,
    catalogue,
    choose_models,
    is_installed,
    is_synthetic,
    made_models,
    model_sets,
)
from models.convert import convert_whisper
from models.download import Progress as Told
from models.pins import add_pins, parse_pins
from models.pull import Meter, import_models, pull, verify
from models.quantize import quantize
from models.shelf import made_verdict, remove
from models.synthesize.install import synthesize
from voicecore.config import data_dir
from voicecore.errors import ConfigError

models_app = typer.Typer(no_args_is_help=True, help="Weights: get, check, make and remove them.")

Names = Annotated[list[str] | None, typer.Argument(help="Models or sets; default: the embedded set.")]
Name = Annotated[str, typer.Argument(help="The catalogue's name, or the new model's.")]
Pins = Annotated[
    list[str] | None,
    typer.Option("--pin", help="FILE=SHA256 of a file that the catalogue has no hash for; kept."),
]


@models_app.command("list")
def list_models(
    as_json: Annotated[bool, typer.Option("--json", help="Everything the catalogue says, as JSON.")] = False,
) -> None:
    """The catalogue, what of it is here, and the sets."""
    folder = data_dir()
    states = {model.name: _state(model, folder) for model in catalogue()}
    if as_json:
        rows = [asdict(model) | {"state": states[model.name]} for model in catalogue()]
        sets = {name: [model.name for model in models] for name, models in model_sets().items()}
        print(json.dumps({"models": rows, "sets": sets, "made": made_models(folder)}, indent=1))
        return
    table = Table("model", "for", "size", "weights", "languages", "licence", "from", "hashes", "state")
    for model in catalogue():
        table.add_row(*_row(model), states[model.name])
    for name in made_models(folder):
        table.add_row(name, "", "", "", "", "", "made here", "", "here")
    console = Console()
    console.print(table)
    for name, models in model_sets().items():
        size = sum(model.size for model in models) / 1e9
        console.print(f"[bold]{name}[/] ({size:.1f} GB): {', '.join(model.name for model in models)}")


def _state(model: Model, folder: Path) -> str:
    """Told by names and sizes; ``verify`` hashes."""
    if not is_installed(model, folder):
        return "damaged" if (folder / model.name).is_dir() else "-"
    return "synthetic" if is_synthetic(model.name, folder) else "here"


def _row(model: Model) -> tuple[str, ...]:
    unknown = any(member.size is None for member in model.members)
    size = f"{model.size / 1e6:.1f} MB" if model.size else "?"
    languages = " ".join(model.languages[:4]) + (" ..." if len(model.languages) > 4 else "")
    return (
        model.name, model.kind, f"{size}{' +' if unknown and model.size else ''}", model.quantisation,
        languages, model.licence, str(model.origin), model.hashes,
    )  # fmt: skip


@models_app.command("pull")
def pull_models(names: Names = None, pin: Pins = None) -> None:
    """Bring models into the data folder, each file checked by its hash; goes on where it broke off."""
    _keep_pins(names, pin)
    with _bars() as meter:
        pull(names or [], data_dir(), report=print, meter=meter)


@models_app.command("import")
def import_folder(
    folder: Annotated[Path, typer.Argument(help="Another data folder, wheels, or files on a stick.")],
    names: Annotated[list[str] | None, typer.Argument(help="Default: all that are there.")] = None,
    pin: Pins = None,
) -> None:
    """Bring models from a folder, without any network, checked like a pull."""
    _keep_pins(names, pin)
    import_models(folder, names or [], data_dir(), report=print)


def _keep_pins(names: list[str] | None, texts: list[str] | None) -> None:
    """Check and keep ``--pin``; it is for one model at a time."""
    if not texts:
        return
    if len(names or ()) != 1 or len(models := choose_models(names or ())) != 1:
        raise ConfigError("bad-pins", "--pin wants the name of one model")
    pins = parse_pins(texts)
    models[0].pinned(pins)
    add_pins(data_dir(), models[0].name, pins)


@contextmanager
def _bars() -> Iterator[Meter]:
    """A progress bar for every file that is downloaded."""
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(TextColumn("{task.description}"), *columns, console=Console(stderr=True)) as bars:

        def meter(name: str) -> Told:
            bar = bars.add_task(name, total=None)
            return lambda done, total: bars.update(bar, completed=done, total=total)

        yield meter


@models_app.command("verify")
def verify_models(names: Names = None) -> None:
    """Hash what is here; exits with 1 if a model is not as the catalogue says, a synthetic one included."""
    folder = data_dir()
    made = [name for name in made_models(folder) if not names or name in names]
    wanted = [name for name in names or [EMBEDDED] if name not in made]
    named = choose_models(wanted) if wanted else ()
    here = [model for model in catalogue() if (folder / model.name).is_dir() and not names]
    verdicts = verify(folder, list(dict.fromkeys([*named, *here])))
    verdicts |= {name: made_verdict(name, folder) for name in made}
    for name, state in verdicts.items():
        print(f"{name}: {state}")
    sys.exit(any(state not in {"ok", "made"} for state in verdicts.values()))


@models_app.command("convert")
def convert_model(
    folder: Annotated[Path, typer.Argument(help="A Whisper as published: config.json, *.safetensors.")],
    name: Name,
    quantisation: Annotated[str, typer.Option(help="int8, int8_float16, float16, ...")] = "float16",
) -> None:
    """Make a CTranslate2 model of a Whisper of one's own."""
    convert_whisper(folder, name, data_dir(), quantisation)
    print(f"{name}: done")


@models_app.command("quantize")
def quantize_model(
    source: Annotated[str, typer.Argument(help="A GGUF file of 16 or 32 bits, or an installed model.")],
    name: Name,
    quantisation: Annotated[str, typer.Option(help="Q4_K_M, Q6_K, Q8_0, ...")] = "Q4_K_M",
) -> None:
    """Make a smaller GGUF."""
    quantize(source, name, data_dir(), quantisation)
    print(f"{name}: done")


@models_app.command("synthesize")
def synthesize_models(
    names: Annotated[list[str], typer.Argument(help="Models or sets; those without a shape are left out.")],
    shape: Annotated[str, typer.Option(help="Another shape of the same family; toy is tiny.")] = "",
    seed: Annotated[int, typer.Option()] = 0,
    quantisation: Annotated[str, typer.Option(help="Default: the catalogue's.")] = "",
    vocabulary: Annotated[Path | None, typer.Option(help="A GGUF file to take the tokens from.")] = None,
    replace: Annotated[bool, typer.Option(help="Also in the place of real weights.")] = False,
) -> None:
    """Make weights of noise of a model's exact shape: to measure this box, never to serve."""
    for model in choose_models(names):
        if model.shape or model.name in names:
            synthesize(
                model.name, data_dir(), shape=shape, seed=seed, quantisation=quantisation,
                vocabulary=vocabulary, replace=replace,
            )  # fmt: skip
            print(f"{model.name}: made, synthetic")


@models_app.command("remove")
def remove_models(
    names: Annotated[list[str], typer.Argument(help="Models, of the catalogue or made here.")],
) -> None:
    """Delete models from the data folder."""
    print(f"freed {remove(names, data_dir()) / 1e6:.1f} MB")

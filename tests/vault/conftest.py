"""A vault with a master key in a file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from voicecore.errors import StoreError
from voicecore.vault import FileMasters, KeyStore


@pytest.fixture
def masters(tmp_path: Path) -> FileMasters:
    return FileMasters.create(tmp_path / "master.key")


@pytest.fixture
def keys(tmp_path: Path, masters: FileMasters) -> Iterator[KeyStore]:
    made = KeyStore(tmp_path / "keys.db", masters)
    yield made
    made.close()


def code(call: object, *arguments: object) -> str:
    with pytest.raises(StoreError) as caught:
        call(*arguments)  # type: ignore[operator]
    return caught.value.code


def everything(folder: Path) -> bytes:
    """All bytes of all files."""
    return b"\0".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())

"""Master keys in a PKCS #11 token: SoftHSM stands for the real one."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.vault.conftest import code
from voicecore.vault import KeyStore

pkcs11 = pytest.importorskip("pkcs11")
from voicecore.vault.token import TokenMasters  # noqa: E402

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
pytestmark = [
    pytest.mark.apt,
    pytest.mark.skipif(not (MODULE.exists() and shutil.which("softhsm2-util")), reason="needs softhsm2"),
]


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}/tokens\nlog.level = ERROR\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
        command = [
            "softhsm2-util",
            "--init-token",
            "--free",
            "--label",
            "box",
            "--pin",
            "1234",
            "--so-pin",
            "5678",
        ]
        subprocess.run(command, check=True, capture_output=True)
        yield "box"


def test_keys_stay_in_the_token(token: str, tmp_path: Path) -> None:
    assert code(TokenMasters, MODULE, token, "wrong") == "no-master-key"
    assert code(TokenMasters, MODULE, "nobody", "1234") == "no-master-key"
    assert code(TokenMasters(MODULE, token, "1234").wrap, b"k" * 32, b"") == "no-master-key"
    masters = TokenMasters.create(MODULE, token, "1234")
    assert code(TokenMasters.create, MODULE, token, "1234") == "key-exists"
    wrapped = masters.wrap(b"k" * 32, b"call-1")
    first = masters.current
    assert masters.unwrap(first, wrapped, b"call-1") == b"k" * 32
    assert code(masters.unwrap, first, wrapped, b"call-2") == "bad-seal"

    keys = KeyStore(tmp_path / "keys.db", masters)
    sealed = keys.make("call-1", "+4930123456").seal(b"secret", "x")
    keys.rotate()
    assert masters.current != first
    assert keys.open("call-1").open(sealed, "x") == b"secret"
    assert keys.calls_of("+4930123456") == ["call-1"]
    assert code(masters.unwrap, first, wrapped, b"call-1") == "no-master-key"
    keys.close()
    masters.close()
    again = TokenMasters(MODULE, token, "1234")
    with closing(KeyStore(tmp_path / "keys.db", again)) as keys:
        assert keys.open("call-1").open(sealed, "x") == b"secret"
    with pytest.raises(pkcs11.PKCS11Error):
        next(iter(again._keys.values()))[pkcs11.Attribute.VALUE]
    again.close()

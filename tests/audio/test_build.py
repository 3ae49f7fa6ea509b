"""A checkout whose kernels are not built, or would be built wrongly, says what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}


@pytest.mark.parametrize("kernel", ["ring", "level"])
def test_a_missing_kernel_names_the_command(kernel: str) -> None:
    script = f"import sys; sys.modules['voicecore.audio._{kernel}'] = None; import voicecore.audio"
    done = subprocess.run(
        [sys.executable, "-c", script], env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "python setup.py build_ext --inplace" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("kernel", sorted(path.stem for path in (ROOT / "ext").glob("*.pyx")))
def test_every_kernel_has_a_type_stub(kernel: str) -> None:
    assert (ROOT / "voicecore" / "audio" / f"_{kernel}.pyi").read_text(encoding="utf-8").startswith('"""')


def test_a_sanitized_build_never_overwrites_the_normal_one() -> None:
    pytest.importorskip("Cython", reason="Cython is only needed to build")
    done = subprocess.run(
        [sys.executable, "setup.py", "build_ext", "--inplace"],
        cwd=ROOT,
        env=ENVIRONMENT | {"VOICECORE_SANITIZE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "would overwrite" in done.stderr

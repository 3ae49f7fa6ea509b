"""Builds the audio kernels: each ``ext/<name>.pyx`` becomes ``voicecore.audio._<name>``.

``VOICECORE_SANITIZE=1`` makes a bounds-checked build under AddressSanitizer and UBSan of the whole
package under ``build/sanitize/lib`` instead (see ``ext/sanitize.sh``).
"""

import os
import sys
from pathlib import Path

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup

SANITIZE = os.environ.get("VOICECORE_SANITIZE") == "1"
GENERATED = ["-Wno-unused-function", "-Wno-unused-variable", "-Wno-unused-but-set-variable"]
"""Noise of Cython's own helpers, not of ours."""
CHECKED = ["-O1", "-g", "-fno-omit-frame-pointer"]
CHECKED += ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]
FAST = ["-O3", "-ffp-contract=off"]
"""No -march: one build for every x86-64 or arm64. No contraction: chunking never changes a result."""


def kernel(source: Path) -> Extension:
    """The extension module of one kernel file."""
    return Extension(
        f"voicecore.audio._{source.stem}",
        [str(source)],
        include_dirs=["ext", numpy.get_include()],
        define_macros=[("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION")],
        depends=[str(header) for header in Path("ext").glob("*.[hp]*") if header.suffix != ".pyx"],
        extra_compile_args=["-Wall", *GENERATED, *(CHECKED if SANITIZE else FAST)],
        extra_link_args=["-fsanitize=address,undefined"] if SANITIZE else [],
    )


def options() -> dict[str, dict[str, object]]:
    """Where a sanitized build goes, well apart from the normal one."""
    if not SANITIZE:
        return {}
    if "--inplace" in sys.argv or "develop" in sys.argv:
        sys.exit(
            "VOICECORE_SANITIZE=1 builds into build/sanitize; --inplace would overwrite the normal kernels"
        )
    return {"build": {"build_base": "build/sanitize", "build_lib": "build/sanitize/lib"}}


setup(
    options=options(),
    ext_modules=cythonize(
        [kernel(source) for source in sorted(Path("ext").glob("*.pyx"))],
        build_dir="build/sanitize/cython" if SANITIZE else "build/cython",
        compiler_directives={
            "language_level": 3,
            "boundscheck": SANITIZE,
            "initializedcheck": SANITIZE,
        },
    ),
)

#!/bin/sh
# Runs the kernel tests on a bounds-checked AddressSanitizer build, made apart from the normal one.
# Usage: ext/sanitize.sh [python]; extra pytest arguments in PYTEST_ADDOPTS.
set -eu
cd "$(dirname "$0")/.."
python=${1:-python}
VOICECORE_SANITIZE=1 "$python" setup.py -q build
# detect_leaks=0: CPython itself leaves memory to the system at exit. No user signal handlers are replaced.
export ASAN_OPTIONS=detect_leaks=0:abort_on_error=1:strict_string_checks=1
export LD_PRELOAD="$(gcc -print-file-name=libasan.so)"
export PYTHONMALLOC=malloc
export PYTHONPATH="$PWD/build/sanitize/lib"
built=$("$python" -P -c "import voicecore.audio._ring as ring; print(ring.__file__)")
case $built in
    "$PYTHONPATH"/*) ;;
    *) echo "not the sanitized build: $built" >&2; exit 1 ;;
esac
exec "$python" -P -m pytest -q --capture=sys -p no:cacheprovider tests/audio

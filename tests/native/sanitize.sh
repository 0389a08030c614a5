#!/bin/sh
# Builds the package with AddressSanitizer and UndefinedBehaviorSanitizer in build/sanitize and runs the kernels' tests.
#
#   tests/native/sanitize.sh [python] [arguments of pytest]
#
# Needs GCC, and in the environment of that Python what building and testing need. Takes about five minutes on two cores.
set -eu
cd "$(dirname "$0")/../.."
python=${1:-.venv/bin/python}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- tests/native tests/backends
here=build/sanitize

rm -rf "$here/package" "$here/wheel"
CXX=g++ "$python" -m pip wheel --quiet --disable-pip-version-check --no-build-isolation --no-deps \
  --config-settings=cmake.define.GAUSSMIX_SANITIZE=ON --config-settings=build-dir="$here/cmake" --wheel-dir "$here/wheel" .
"$python" -m pip install --quiet --disable-pip-version-check --no-deps --target "$here/package" "$here"/wheel/*.whl

# -S: an editable installation in the environment would be found before this one; without it only PYTHONPATH counts.
# The runtime of the sanitizer must be there before everything else, and finds the C++ library's functions only if
# that is there, too. Python itself does not free all that it takes.
packages=$("$python" -c 'import sysconfig; print(sysconfig.get_paths()["platlib"])')
LD_PRELOAD="$(g++ -print-file-name=libasan.so) $(g++ -print-file-name=libstdc++.so)" \
ASAN_OPTIONS=detect_leaks=0 PYTHONPATH="$here/package:$packages" \
  "$python" -S -m pytest -p no:cacheprovider --import-mode=importlib "$@"

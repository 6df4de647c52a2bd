#!/usr/bin/env bash
# Tests the Python client and the example that uses it: what is made from the OpenAPI document is up to date, ruff and mypy find nothing, and
# the package, built as it is published, does what its README says on a real service, behind a proxy that fails. Needs Python 3.10 or newer with
# venv; installs what clients/python/requirements.txt lists from PyPI into a cache outside the tree.
#
# To take newer versions, in clients/python: uv pip compile --upgrade --universal --python-version 3.10 --no-header --no-annotate requirements.in -o
# requirements.txt
#
#   TOCOS_BINARY   the binary to run (default: built with cargo)
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/local/venv.sh
. scripts/checks.sh
root=$PWD
client=$root/clients/python
example=$root/examples/ai-chat
if [ -z "${TOCOS_BINARY:-}" ]; then
  cargo build --quiet --locked --package tocos
  TOCOS_BINARY=$root/target/debug/tocos
fi
TOCOS_BINARY=$(realpath "$TOCOS_BINARY")
export TOCOS_BINARY

list=$client/requirements.txt
folder=$cache/venv-client-python-$(cksum <"$list" | cut -d' ' -f1)
mkdir -p "$cache"
[ -e "$folder/complete" ] || make_venv "$list" "$folder"
bin=$folder/bin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Nothing is written into the tree, and nothing of the caller's is used instead.
export PYTHONDONTWRITEBYTECODE=1 RUFF_NO_CACHE=true MYPY_CACHE_DIR=$work/mypy
unset TOCOS_URL TOCOS_KEY

in_folder() (
  cd "$1" && shift && "$@"
)

# What is installed is what PyPI would get.
package() {
  scripts/release-client-python.sh "$work/dist" &&
    "$bin/pip" install --quiet --no-deps --no-index --target "$work/site" "$work"/dist/*.whl
}

# A tag that is not the version's is refused.
wrong_tag() {
  ! scripts/release-client-python.sh "$work/wrong" v999.0.0 2>"$work/said" && grep -q "the tag is v999.0.0" "$work/said"
}

pytest() {
  PYTHONPATH=$work/site in_folder "$1" "$bin/python" -m pytest -q --tb=short "${@:2}"
}

# They mostly wait, for faults and for the disk, and each part has a service of its own: side by side they take half the time.
tests() {
  local failed=0 faults client_only
  pytest "$client" tests/test_faults.py >"$work/faults" 2>&1 &
  faults=$!
  pytest "$client" --ignore=tests/test_faults.py >"$work/client" 2>&1 &
  client_only=$!
  pytest "$example" || failed=1
  wait "$faults" || { failed=1; cat "$work/faults"; }
  wait "$client_only" || { failed=1; cat "$work/client"; }
  return "$failed"
}

check "ruff, for the client" in_folder "$client" "$bin/ruff" check .
check "ruff's format, for the client" in_folder "$client" "$bin/ruff" format --check .
check "ruff, for the example" in_folder "$example" "$bin/ruff" check .
check "ruff's format, for the example" in_folder "$example" "$bin/ruff" format --check .
check "mypy --strict, for the client" in_folder "$client" "$bin/mypy"
check "mypy --strict, for the example" in_folder "$example" "$bin/mypy"
check "the package is built, and PyPI would take it" package
check "a tag of another version is refused" wrong_tag
check "the tests of the client and of the example, on the real service" tests
checked

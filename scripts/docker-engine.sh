#!/usr/bin/env bash
# Makes sure that a Docker engine answers; installs and starts Debian's if none does. It keeps running afterwards.
set -euo pipefail

docker info >/dev/null 2>&1 && exit 0
if [ "$(uname -s)" != Linux ]; then
  echo "no Docker engine answers: start Docker Desktop, OrbStack or the like" >&2
  exit 1
fi
exec "$(dirname "$0")/docker-engine-linux.sh"

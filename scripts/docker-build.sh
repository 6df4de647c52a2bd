#!/usr/bin/env bash
# Runs `docker build` with BuildKit, by buildx if it is installed, else by the BuildKit that is part of the engine.
#
#   scripts/docker-build.sh ARGUMENTS OF docker build
set -euo pipefail
for docker in docker /usr/bin/docker; do
  if "$docker" buildx version >/dev/null 2>&1; then
    exec "$docker" build "$@"
  fi
  version=$("$docker" --version 2>/dev/null | sed -n 's/.*version \([0-9]*\)\..*/\1/p')
  if [ -n "$version" ] && [ "$version" -lt 23 ]; then
    DOCKER_BUILDKIT=1 exec "$docker" build "$@"
  fi
done
echo "no docker client here has BuildKit: install docker-buildx-plugin (Docker's packages) or docker.io (Debian's)" >&2
exit 1

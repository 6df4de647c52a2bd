#!/usr/bin/env bash
# Tests the monitoring with real programs: Prometheus, Alertmanager and node exporter from Debian monitor the real
# service under load. Installs what it needs from Debian and PyPI.
#
#   scripts/test-monitoring.sh             with the binary that scripts/build-static.sh builds
#   scripts/test-monitoring.sh BINARY      with an existing binary
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/local/venv.sh

scripts/debian-packages.sh prometheus:prometheus prometheus-alertmanager:prometheus-alertmanager \
  prometheus-node-exporter:prometheus-node-exporter dockerd:docker.io iptables:iptables
tools=$(dirname "$(venv monitoring)")
scripts/docker-engine.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ $# -gt 0 ]; then
  cp "$1" "$work/tocos"
else
  scripts/build-static.sh "$work/tocos"
fi
# Not exec, since the trap removes the directory when this script ends.
PYTHONPATH=monitoring/tests:scripts PATH=$tools:$PATH "$tools/python3" scripts/monitoring_checks.py "$work"

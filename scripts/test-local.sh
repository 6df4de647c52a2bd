#!/usr/bin/env bash
# From `tflocal apply` to an answered request, on LocalStack and on moto: apply, bodies, a push, a broken push, another apply, destroy. And a group on moto:
# two nodes and a PostgreSQL, writes through either, a push, the leader killed, a broken push, destroy.
# Root on Debian: it installs what is missing. TOCOS_IMAGE names an image of this machine's Docker to use instead of building one.
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/local/venv.sh
. scripts/terraform-provider.sh
scripts/debian-packages.sh curl:curl debootstrap:debootstrap
scripts/docker-engine.sh
python=$(venv moto)
localstack=$(venv localstack)
tflocal=$(dirname "$(venv tflocal)")/tflocal
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
image=${TOCOS_IMAGE:-tocos:walk-test}
if [ -z "${TOCOS_IMAGE:-}" ]; then scripts/local-image.sh "$image" tocos-walk; fi
# The body is made before its users ask for it all at once.
bash deploy/local/body/build.sh >/dev/null
# Asked to end, it takes its worlds down; the limit is three times what it takes.
timeout -k 60 2400 "$python" deploy/tests/attached.py "$image" "$tflocal" "$folder" "localstack=$localstack" "moto=$python"

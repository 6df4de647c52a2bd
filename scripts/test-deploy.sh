#!/usr/bin/env bash
# Tests the deployment in containers that stand in for emulated instances: good and bad images, an unreachable registry, signatures, file
# formats, isolation. Run it as root; on Debian it installs what is missing. TOCOS_IMAGE names an image of this machine's Docker to use
# instead of building one; TOCOS_KEEP=1 leaves everything running afterwards.
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/local/venv.sh
. scripts/terraform-provider.sh
scripts/debian-packages.sh gcc:gcc gcc:libc6-dev curl:curl debootstrap:debootstrap skopeo:skopeo
scripts/docker-engine.sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
gcc -static -O2 -Wall -Wextra -Werror -o "$folder/stand-in" deploy/tests/images/stand-in.c
image=${TOCOS_IMAGE:-tocos:deploy-test}
if [ -z "${TOCOS_IMAGE:-}" ]; then scripts/local-image.sh "$image" tocos-test; fi
# Asked to end, it takes its world down; the limit is three times what it takes.
timeout -k 60 1200 "$(venv moto)" deploy/tests/matrix.py "$image" "$folder/stand-in"

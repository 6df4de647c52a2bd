#!/bin/bash
# Makes the Docker image of the stand-in for an instance, a Debian 13 with systemd, and prints its name.
# The name carries a hash of what goes into it, so an image that is there is the right one and nothing is built twice.
# With a registry at hand it starts from debian:trixie; without, from debootstrap (root, Debian or Ubuntu).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=deploy/local/within.sh
. "$here/../within.sh"
cache=${TOCOS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tocos}
hash=$(cat "$here/packages.txt" "$here/prepare.sh" | cksum | cut -d' ' -f1)
image=tocos-body:$hash
archive=$cache/body-$hash.tar

if docker image inspect "$image" >/dev/null 2>&1; then
    echo "$image"
    exit
fi
exec 3>&1 1>&2

if docker image inspect debian:trixie >/dev/null 2>&1 || within 60 docker pull -q debian:trixie; then
    docker build -q -t "$image" "$here"
else
    [ "$(uname -s)" = Linux ] || { echo "debian:trixie can't be pulled, and only Linux can build the body without it"; exit 1; }
    "$here/debootstrap.sh" "$archive"
    docker import -c 'VOLUME ["/var/lib/containers"]' "$archive" "$image" >/dev/null
fi
echo "$image" >&3

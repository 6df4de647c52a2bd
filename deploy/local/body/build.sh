#!/bin/bash
# Makes the Docker image of the stand-in for an instance, a Debian 13 with systemd, and prints its name.
# The name carries a hash of what goes into it, so an image that is there is the right one and nothing is built twice.
# With a registry at hand it starts from debian:trixie; without, from debootstrap (root, Debian or Ubuntu).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${TOCOS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tocos}
hash=$(cat "$here/packages.txt" "$here/prepare.sh" | sha256sum | cut -c1-12)
image=tocos-body:$hash
archive=$cache/body-$hash.tar

if docker image inspect "$image" >/dev/null 2>&1; then
    echo "$image"
    exit
fi
exec 3>&1 1>&2

debootstrap_archive() {
    command -v debootstrap >/dev/null || apt-get install -q -y debootstrap
    local root
    mkdir -p "$cache/debs"
    root=$(mktemp -d "$cache/body.XXXXXX")
    # shellcheck disable=SC2064 # the folder's name is known now and gone later
    trap "umount '$root/proc' 2>/dev/null || true; rm -rf '$root'" EXIT
    debootstrap --variant=minbase --cache-dir="$cache/debs" trixie "$root"
    mkdir "$root/body"
    cp "$here"/* "$root/body/"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    mount -t proc proc "$root/proc"
    chroot "$root" sh /body/prepare.sh
    umount "$root/proc"
    tar -C "$root" -c . > "$archive.part"
    mv "$archive.part" "$archive"
}

if docker image inspect debian:trixie >/dev/null 2>&1 || timeout 60 docker pull -q debian:trixie; then
    docker build -q -t "$image" "$here"
else
    if [ ! -e "$archive" ]; then
        echo "no registry hands out debian:trixie; building the body with debootstrap, about 2 minutes, once"
        debootstrap_archive
    fi
    docker import -c 'VOLUME ["/var/lib/containers"]' "$archive" "$image" >/dev/null
fi
echo "$image" >&3

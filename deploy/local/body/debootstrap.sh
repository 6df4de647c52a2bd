#!/bin/bash
# Linux alone. Makes an archive of the body's Debian where no registry hands one out: root, on Debian or Ubuntu, once. Suites that come at
# the same time wait for each other.
#
#   debootstrap.sh ARCHIVE
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
archive=$1 cache=$(dirname "$1")

build() {
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

mkdir -p "$cache"
exec 9> "$archive.lock"
flock 9
if [ ! -e "$archive" ]; then
    echo "no registry hands out debian:trixie; building the body with debootstrap, about 2 minutes, once"
    build
fi

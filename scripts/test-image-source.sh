#!/usr/bin/env bash
# Tests building the image from source, by `docker build .` in a fresh clone. It takes minutes, as all crates are compiled in
# the container, so it is not one of the checks of `cargo xtask ci`.
#
# If Docker Hub is unreachable, it makes a substitute for the Rust image: Debian 13 by debootstrap with this
# machine's toolchain and certificates, under another name that RUST_IMAGE is set to.
set -euo pipefail
cd "$(dirname "$0")/.."
repository=$PWD
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tocos
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

stand_in() {
  local image=tocos-check/rust:stand-in folder=$cache/rust-base
  docker image inspect "$image" >/dev/null 2>&1 && { echo "$image"; return; }
  scripts/debian-packages.sh debootstrap:debootstrap >&2
  if [ ! -x "$folder/usr/bin/gcc" ]; then
    mkdir -p "$cache"
    debootstrap --variant=minbase --include=ca-certificates,gcc,libc6-dev trixie "$folder" http://deb.debian.org/debian >&2
  fi
  local toolchain base=$work/base
  toolchain=$(rustc --print sysroot)
  cp -a "$folder" "$base"
  rm -rf "$base"/var/cache/apt "$base"/usr/share/doc
  mkdir -p "$base/usr/local/rust/lib/rustlib"
  cp -r "$toolchain/bin" "$base/usr/local/rust/"
  cp -r "$toolchain"/lib/*.so* "$base/usr/local/rust/lib/"
  cp -r "$toolchain"/lib/rustlib/*-linux-* "$base/usr/local/rust/lib/rustlib/"
  cp -L /etc/ssl/certs/ca-certificates.crt "$base/etc/ssl/certs/"
  tar -C "$base" -c . | docker import -c 'ENV PATH=/usr/local/rust/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin CARGO_HOME=/usr/local/cargo' - "$image" >&2 || return 1
  rm -rf "$base"
  echo "$image"
}

scripts/docker-engine.sh
arguments=()
wanted=$(sed -n 's/^ARG RUST_IMAGE=//p' Dockerfile)
if ! docker image inspect "$wanted" >/dev/null 2>&1 && ! timeout 30 docker pull -q "$wanted" >/dev/null 2>&1; then
  image=$(stand_in)
  echo "$wanted cannot be pulled here; $image stands in for it"
  # The host's network, to reach crates.io.
  arguments=(--build-arg "RUST_IMAGE=$image" --network host)
fi

passed=0 failed=0
check() {
  local sentence=$1
  shift
  if "$@"; then passed=$((passed + 1)); echo "ok   $sentence"; else failed=$((failed + 1)); echo "FAIL $sentence"; fi
}

git clone -q "$repository" "$work/clone"
commit=$(git -C "$work/clone" rev-parse --short=12 HEAD)
begun=$SECONDS
check "docker build . makes an image from a fresh clone" scripts/docker-build.sh --quiet "${arguments[@]}" --tag tocos-check/tocos:source "$work/clone"
echo "     took $((SECONDS - begun)) s"
says_commit() { docker run --rm --read-only --cap-drop ALL tocos-check/tocos:source --version | grep -q "$commit"; }
check "its binary names the commit of the clone" says_commit
is_small() { [ "$(docker image inspect -f '{{.Size}}' tocos-check/tocos:source)" -le 12000000 ]; }
check "it takes at most 12 MB" is_small
scripts/docker-build.sh --quiet --file Dockerfile --target packed --build-arg BINARY=empty --tag tocos-check/tocos:packed-empty "$(mkdir "$work/empty" && touch "$work/empty/empty" && echo "$work/empty")" >/dev/null
settings() { docker image inspect -f '{{json .Config}}' "$1" | sed 's/"Image":"[^"]*",//'; }
same_settings() { [ "$(settings tocos-check/tocos:source)" = "$(settings tocos-check/tocos:packed-empty)" ]; }
check "it is set up as the packed one is" same_settings
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]

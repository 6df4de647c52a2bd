#!/usr/bin/env bash
# Linux alone. Builds the binary that ships: release, static, no library of the host in it. Needs only Rust and a C linker.
#
#   scripts/build-static.sh [DESTINATION]    copies the binary to DESTINATION; prints its path
set -euo pipefail
cd "$(dirname "$0")/.."

host=$(rustc --version --verbose | sed -n 's/^host: //p')
case $host in
  *-linux-gnu | *-linux-musl) ;;
  *) echo "a static binary for the image is built on Linux; this is $host. Use: docker build ." >&2; exit 1 ;;
esac

# Without the command git (as in an image build) the checked-out commit is read from the files in .git.
commit_from_files() {
  local head ref
  head=$(cat .git/HEAD 2>/dev/null) || return 0
  ref=${head#ref: }
  if [ "$ref" = "$head" ]; then
    echo "${head:0:12}"
  elif [ -r ".git/$ref" ]; then
    head -c 12 ".git/$ref"
  else
    sed -n "s|^\([0-9a-f]\{12\}\)[0-9a-f]* $ref\$|\1|p" .git/packed-refs 2>/dev/null
  fi
}
if [ -z "${TOCOS_COMMIT:-}" ] && ! git rev-parse HEAD >/dev/null 2>&1; then
  TOCOS_COMMIT=$(commit_from_files)
fi
[ -z "${TOCOS_COMMIT:-}" ] && unset TOCOS_COMMIT || export TOCOS_COMMIT

# The binary contains the list of all crates and their versions; scanners of images read it.
auditable=0.7.7
if ! cargo auditable --version >/dev/null 2>&1; then
  echo "cargo-auditable is not there; installing it, which takes some minutes once" >&2
  cargo install --quiet cargo-auditable --version "$auditable" --locked >&2
fi

# With an explicit target the flags do not apply to build scripts and macros, which cannot be linked statically.
variable=CARGO_TARGET_$(tr 'a-z-' 'A-Z_' <<<"$host")_RUSTFLAGS
# Packed relocations make the binary half a megabyte smaller. Without tables for unwinding it is one megabyte smaller: a panic ends the
# process without unwinding, and a backtrace of a stripped binary has no names.
discard=$PWD/scripts/no-unwinding.ld
declare -x "$variable=-C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs -C link-arg=-Wl,--no-eh-frame-hdr -C link-arg=-Wl,-T,$discard"
cargo auditable build --release --locked --target "$host" --package tocos

built=${CARGO_TARGET_DIR:-target}/$host/release/tocos
if [ $# -gt 0 ]; then
  mkdir -p "$(dirname "$1")"
  # Debug information stays in the build directory; the image contains the stripped binary.
  strip -o "$1" "$built" && chmod 755 "$1"
  built=$1
fi
echo "$built"

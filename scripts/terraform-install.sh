#!/usr/bin/env bash
# Linux alone; fails elsewhere. Puts the Terraform that the suites were written with into a folder of the cache, and prints that.
#
#   scripts/terraform-install.sh CACHE
set -euo pipefail
version=1.11.4 sha256=268000fca5c61021c6396893d9483007ba589ad9d0aaccbd7dfa8c78bf7dbe23
folder=$1/terraform-$version
if [ ! -x "$folder/terraform" ]; then
    [ "$(uname -sm)" = "Linux x86_64" ] || exit 1
    echo "terraform is not on PATH; fetching $version, once" >&2
    mkdir -p "$folder"
    archive=$folder/terraform_${version}_linux_amd64.zip
    curl -fsSL --retry 2 --connect-timeout 10 --max-time 300 -o "$archive" \
        "${TERRAFORM_RELEASES:-https://releases.hashicorp.com/terraform}/$version/${archive##*/}" || exit 1
    python3 -m zipfile -e "$archive" "$folder" >&2 && rm -f "$archive"
    if ! echo "$sha256  $folder/terraform" | sha256sum --check --status; then
        rm -rf "$folder"
        echo "what was fetched is not terraform $version: its SHA-256 is another" >&2
        exit 1
    fi
    chmod +x "$folder/terraform"
fi
echo "$folder"

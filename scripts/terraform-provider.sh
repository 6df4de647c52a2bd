# shellcheck shell=bash
# Sourced. Makes sure that Terraform is installed and that `terraform init` finds the AWS provider, and exports the variables for that.
# It tries the following in this order, each by a real `terraform init` in a temporary directory:
#   TF_CLI_ARGS_init, unchanged;
#   TF_PLUGIN_CACHE_DIR, and Tocos's own cache outside the tree, if one of them contains the provider;
#   Terraform's own configuration (TF_CLI_CONFIG_FILE, ~/.terraformrc) and its implied mirrors;
#   registry.terraform.io, which fills that cache;
#   any mirror on this machine's disks.
# If none of them works, it exits and says what to install or set.

terraform_cache=${TOCOS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tocos}/terraform-plugins

# Whether `terraform init` succeeds within a number of seconds (first argument), with the other arguments. Its output is in $terraform_said.
terraform_inits() {
    local seconds=$1 folder status=0
    shift
    folder=$(mktemp -d)
    cat >"$folder/main.tf" <<'TF'
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
}
TF
    # A directory can't be both mirror and cache, so a mirror is tried without a cache.
    terraform_said=$(cd "$folder" && { [ $# = 0 ] || unset TF_PLUGIN_CACHE_DIR; } && CHECKPOINT_DISABLE=1 TF_INPUT=0 timeout -k 5 "$seconds" terraform init -no-color -backend=false "$@" 2>&1) || status=$?
    rm -rf "$folder"
    return "$status"
}

# Whether `terraform init` works with a directory as mirror or as cache.
terraform_mirror_serves() {
    compgen -G "$1/registry.terraform.io/hashicorp/aws/*" >/dev/null && terraform_inits 120 -plugin-dir="$1"
}

# Roots of all mirrors on the disks. The plugin directories of other Terraform working directories come last.
terraform_mirrors_on_disk() {
    local roots=(/) mount kind
    while read -r _ mount kind _; do
        case $kind in
            # No mirror is in the kernel's virtual file systems, in file systems of containers, or in images of snap.
            proc | sysfs | tmpfs | devtmpfs | devpts | cgroup | cgroup2 | *debugfs | securityfs | tracefs | pstore | bpf | mqueue | nsfs | overlay | squashfs) ;;
            *) [ ! -d "$mount" ] || [ "$mount" = / ] || roots+=("$mount") ;;
        esac
    done </proc/mounts
    timeout 120 find "${roots[@]}" -xdev -path /proc -prune -o -type d -path '*/registry.terraform.io/hashicorp/aws' -print 2>/dev/null |
        sed 's|/registry.terraform.io/hashicorp/aws$||' | awk '{ print ($0 ~ /\/\.terraform\//) "\t" $0 }' | sort -u | cut -f2-
}

terraform_use_mirror() {
    unset TF_PLUGIN_CACHE_DIR
    export TF_CLI_ARGS_init="-plugin-dir=$1"
    echo "the AWS provider comes from $1" >&2
}

terraform_find_provider() {
    local place
    # If the variable names a configuration file that does not exist, every command prints a warning.
    [ -z "${TF_CLI_CONFIG_FILE:-}" ] || [ -e "$TF_CLI_CONFIG_FILE" ] || export TF_CLI_CONFIG_FILE=/dev/null
    if [ -n "${TF_CLI_ARGS_init:-}" ]; then
        terraform_inits 300 && return 0
        printf '%s\nterraform init fails with TF_CLI_ARGS_init=%s: mend or unset it.\n' "$terraform_said" "$TF_CLI_ARGS_init" >&2
        return 1
    fi
    for place in "${TF_PLUGIN_CACHE_DIR:-$terraform_cache}" "$terraform_cache"; do
        if terraform_mirror_serves "$place"; then terraform_use_mirror "$place"; return 0; fi
    done
    if terraform_inits_by_itself; then return 0; fi
    echo "terraform init alone does not find the AWS provider; looking for a mirror on this machine's disks" >&2
    while read -r place; do
        if terraform_mirror_serves "$place"; then terraform_use_mirror "$place"; return 0; fi
    done < <(terraform_mirrors_on_disk)
    printf '%s\n' "$terraform_said" >&2
    cat >&2 <<'WHAT'
terraform init does not find the provider hashicorp/aws (>= 5.100, < 7.0). One of these is needed:
  - a way to registry.terraform.io and releases.hashicorp.com;
  - a mirror (made elsewhere by: terraform providers mirror FOLDER), named by TF_CLI_ARGS_init=-plugin-dir=FOLDER,
    or put into ~/.terraform.d/plugins.
WHAT
    return 1
}

# As Terraform itself would, with this machine's configuration and implied mirrors, and from its registry if that responds. The provider is
# large, so it is cached; otherwise each working directory would download it again.
terraform_inits_by_itself() {
    local place=${TF_PLUGIN_CACHE_DIR:-$terraform_cache}
    if ! curl -fsS --max-time 5 -o /dev/null https://registry.terraform.io/.well-known/terraform.json 2>/dev/null; then
        TF_REGISTRY_DISCOVERY_RETRY=0 TF_REGISTRY_CLIENT_TIMEOUT=5 terraform_inits 60
        return
    fi
    mkdir -p "$place"
    TF_PLUGIN_CACHE_DIR=$place terraform_inits 600 || return 1
    # If the cache stays empty, the provider came from the configured source, which works the next time too.
    if terraform_mirror_serves "$place"; then terraform_use_mirror "$place"; fi
}

# Downloads the version of Terraform that these suites were written with into the cache, if possible, and adds it to PATH.
terraform_install() {
    local version=1.11.4 sha256=268000fca5c61021c6396893d9483007ba589ad9d0aaccbd7dfa8c78bf7dbe23
    local folder=${terraform_cache%/*}/terraform-$version archive
    if [ ! -x "$folder/terraform" ]; then
        [ "$(uname -sm)" = "Linux x86_64" ] || return 1
        echo "terraform is not on PATH; fetching $version, once" >&2
        mkdir -p "$folder"
        archive=$folder/terraform_${version}_linux_amd64.zip
        curl -fsSL --retry 2 --connect-timeout 10 --max-time 300 -o "$archive" \
            "${TERRAFORM_RELEASES:-https://releases.hashicorp.com/terraform}/$version/${archive##*/}" || return 1
        python3 -m zipfile -e "$archive" "$folder" && rm -f "$archive"
        if ! echo "$sha256  $folder/terraform" | sha256sum --check --status; then
            rm -rf "$folder"
            echo "what was fetched is not terraform $version: its SHA-256 is another" >&2
            return 1
        fi
        chmod +x "$folder/terraform"
    fi
    PATH=$folder:$PATH
}

if ! command -v terraform >/dev/null && ! terraform_install; then
    echo "terraform is not on PATH and can't be fetched here; install 1.11 or newer: https://developer.hashicorp.com/terraform/install (with a way to releases.hashicorp.com: unzip its one binary into a folder of PATH)" >&2
    exit 1
fi
terraform_find_provider || exit 1

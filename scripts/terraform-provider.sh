# shellcheck shell=bash
# Sourced. Makes sure that Terraform is installed and that `terraform init` finds the AWS provider, and exports the variables for that.
# It tries the following in this order, each by a real `terraform init` in a temporary directory:
#   TF_CLI_ARGS_init, unchanged;
#   TF_PLUGIN_CACHE_DIR, and Tocos's own cache outside the tree, if one of them contains the provider;
#   Terraform's own configuration (TF_CLI_CONFIG_FILE, ~/.terraformrc) and its implied mirrors;
#   registry.terraform.io, which fills that cache;
#   any mirror on this machine's disks.
# If none of them works, it exits and says what to install or set.

# shellcheck source=deploy/local/within.sh
. "$(dirname "${BASH_SOURCE[0]}")/../deploy/local/within.sh"
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
    # A folder can't be mirror and cache at once, so a mirror is tried without a cache.
    terraform_said=$(cd "$folder" && { [ $# = 0 ] || unset TF_PLUGIN_CACHE_DIR; } && CHECKPOINT_DISABLE=1 TF_INPUT=0 within "$seconds" terraform init -no-color -backend=false "$@" 2>&1) || status=$?
    rm -rf "$folder"
    return "$status"
}

# Whether `terraform init` works with a directory as mirror or as cache.
terraform_mirror_serves() {
    compgen -G "$1/registry.terraform.io/hashicorp/aws/*" >/dev/null && terraform_inits 120 -plugin-dir="$1"
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
    done < <("$(dirname "${BASH_SOURCE[0]}")/terraform-mirrors.sh")
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

# Puts the Terraform that these suites were written with onto PATH, where it can be had.
terraform_install() {
    local folder
    folder=$("$(dirname "${BASH_SOURCE[0]}")/terraform-install.sh" "${terraform_cache%/*}") || return 1
    PATH=$folder:$PATH
}

if ! command -v terraform >/dev/null && ! terraform_install; then
    echo "terraform is not on PATH and can't be fetched here; install 1.11 or newer: https://developer.hashicorp.com/terraform/install (with a way to releases.hashicorp.com: unzip its one binary into a folder of PATH)" >&2
    exit 1
fi
terraform_find_provider || exit 1

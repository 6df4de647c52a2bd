# shellcheck shell=bash
# Sourced. `venv NAME` prints the Python of a virtual environment with what requirements-NAME.txt lists, made where it is missing.
# It is kept outside the tree and made anew when the list changes.
cache=${TOCOS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tocos}

venv() {
    local name=$1 list folder
    list=$(dirname "${BASH_SOURCE[0]}")/requirements-$name.txt
    folder=$cache/venv-$name-$(sha256sum "$list" | cut -c1-8)
    if [ ! -e "$folder/complete" ]; then
        echo "installing from PyPI: $(grep -v '^#' "$list" | tr '\n' ' ')" >&2
        rm -rf "$folder"
        mkdir -p "$cache"
        python3 -m venv "$folder" >&2
        "$folder/bin/pip" install -q -r "$list" >&2
        touch "$folder/complete"
    fi
    echo "$folder/bin/python"
}

# shellcheck shell=bash
# Sourced. `venv NAME` prints the Python of a virtual environment with what requirements-NAME.txt lists, made where it is missing.
# It is kept outside the tree and made anew when the list changes.
cache=${TOCOS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tocos}

venv() {
    local name=$1 list folder
    list=$(dirname "${BASH_SOURCE[0]}")/requirements-$name.txt
    folder=$cache/venv-$name-$(cksum <"$list" | cut -d" " -f1)
    if [ ! -e "$folder/complete" ]; then
        mkdir -p "$cache"
        make_venv "$list" "$folder" || return
    fi
    echo "$folder/bin/python"
}

# Two suites may want the same one: one makes it, the other waits.
make_venv() (
    list=$1 folder=$2
    if command -v flock >/dev/null; then
        exec 9> "$folder.lock"
        flock 9
    fi
    if [ ! -e "$folder/complete" ]; then
        echo "installing from PyPI: $(grep -v '^#' "$list" | tr '\n' ' ')" >&2
        rm -rf "$folder"
        python3 -m venv "$folder" >&2 || { echo "python3 -m venv does not work; on Debian it is the package python3-venv" >&2; exit 1; }
        "$folder/bin/pip" install -q -r "$list" >&2 || exit
        touch "$folder/complete"
    fi
)

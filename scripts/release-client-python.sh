#!/usr/bin/env bash
# Builds the Python client as PyPI takes it, into the folder that is named. For a tag (v1.2.3) the client's version must be the tag's.
# Needs Python 3.10 or newer with venv.
#
#   scripts/release-client-python.sh FOLDER [TAG]
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/local/venv.sh
folder=${1:?a folder to build into}
tag=${2:-}

version=$(sed -n 's/^VERSION = "\(.*\)"$/\1/p' clients/python/src/tocos/_version.py)
[ -n "$version" ] || { echo "clients/python/src/tocos/_version.py does not say its version" >&2; exit 1; }
if [ -n "$tag" ] && [ "$tag" != "v$version" ]; then
  echo "the tag is $tag, and clients/python/src/tocos/_version.py says $version; set it to the tag's, and tag that commit" >&2
  exit 1
fi

list=clients/python/requirements.txt
made=$cache/venv-client-python-$(cksum <"$list" | cut -d' ' -f1)
mkdir -p "$cache" "$folder"
[ -e "$made/complete" ] || make_venv "$list" "$made"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Of a copy: building writes beside the sources.
cp -r clients/python "$work/source"
"$made/bin/python" -m build --no-isolation --outdir "$folder" "$work/source"
"$made/bin/twine" check --strict "$folder/tocos-$version.tar.gz" "$folder/tocos-$version-py3-none-any.whl"

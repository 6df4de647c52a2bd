#!/usr/bin/env bash
# Publishes a client of the version that a tag names. On a branch it publishes nothing.
#
#   scripts/release-client.sh npm    the TypeScript client on npm, by trusted publishing, with provenance
#   scripts/release-client.sh go     the tag under which Go finds its client
#
# From the pipeline: GITHUB_REF_TYPE, GITHUB_REF_NAME, GITHUB_REPOSITORY, GITHUB_SHA; for Go GH_TOKEN.
#
#   DRY_RUN=1   do everything but the last step, and say what that would be
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "$GITHUB_REF_TYPE" != tag ]; then
  echo "$GITHUB_REF_NAME is no tag; nothing is published"
  exit 0
fi
version=${GITHUB_REF_NAME#v}
own=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
[ "$version" = "$own" ] || { echo "the tag $GITHUB_REF_NAME does not name the version $own" >&2; exit 1; }

npm_client() {
  cd clients/typescript
  [ "$(node -p 'require("./package.json").version')" = "$version" ] || { echo "package.json has another version than $version" >&2; exit 1; }
  local name
  name=$(node -p 'require("./package.json").name')
  if [ -z "${DRY_RUN:-}" ] && npm view "$name@$version" version >/dev/null 2>&1; then
    echo "$name@$version is there already"
    exit 0
  fi
  # In a copy, which can be given the address of this repository: npm compares it with where the provenance says that the package was built.
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  cp -r package.json package-lock.json tsconfig.json tsconfig.build.json README.md src ../../LICENSE "$work"
  if [ -n "${DRY_RUN:-}" ] && [ -d node_modules ]; then
    ln -s "$PWD/node_modules" "$work/node_modules"
  else
    (cd "$work" && npm ci --silent --ignore-scripts --no-audit --no-fund)
  fi
  local check=$PWD/scripts/check-package.mjs
  cd "$work"
  npm run --silent build
  npm pkg set "repository.type=git" "repository.url=git+https://github.com/$GITHUB_REPOSITORY.git" "repository.directory=clients/typescript"
  npm pack --silent --dry-run --json --ignore-scripts | node "$check"
  if [ -n "${DRY_RUN:-}" ]; then
    echo "would publish $name@$version"
  else
    npm publish --ignore-scripts --access public --provenance
  fi
}

go_client() {
  local module=github.com/$GITHUB_REPOSITORY/clients/go tag=clients/go/$GITHUB_REF_NAME
  grep -qx "module $module" clients/go/go.mod || { echo "clients/go/go.mod names another module than $module" >&2; exit 1; }
  if [ -n "${DRY_RUN:-}" ]; then
    echo "would make the tag $tag on $GITHUB_SHA"
  elif [ "$(gh api "repos/$GITHUB_REPOSITORY/git/matching-refs/tags/$tag" --jq "map(select(.ref == \"refs/tags/$tag\")) | length")" = 0 ]; then
    gh api "repos/$GITHUB_REPOSITORY/git/refs" -f "ref=refs/tags/$tag" -f "sha=$GITHUB_SHA" >/dev/null
  else
    echo "$tag is there already"
  fi
}

case ${1:-} in
  npm) npm_client ;;
  go) go_client ;;
  *) echo "usage: scripts/release-client.sh npm|go" >&2; exit 2 ;;
esac

#!/usr/bin/env bash
# Tests that the OpenAPI document works with common tools: Redocly's lint finds no problem in it, and four generators make complete
# clients of it. The clients' types are checked, and each makes a transfer and a batch on the running service and lists two users. Needs Python 3.11 or
# newer with venv, Node.js 20 or newer with npm, and a Java runtime; installs the generators from PyPI and npm into a cache
# outside the tree.
#
#   TOCOS_BINARY   the binary to run (default: built with cargo)
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/local/venv.sh
. scripts/checks.sh
root=$PWD
document=$root/crates/api/openapi.json
clients=$root/crates/api/tests/clients

for tool in node npm java; do
  command -v "$tool" >/dev/null || { echo "$tool is not there; on Debian: apt-get install nodejs npm default-jre-headless" >&2; exit 1; }
done
python=$(venv generators)
bin=$(dirname "$python")

# Redocly's lint; the two generators for TypeScript, and the library that the first one's client needs; the compiler, and Node's types.
packages=(@redocly/cli@2.77.0 openapi-typescript@7.13.0 openapi-fetch@0.17.0 @hey-api/openapi-ts@0.99.0
  typescript@5.9.3 @types/node@20.19.9)
node=$cache/node-generators-$(printf '%s\n' "${packages[@]}" | sha256sum | cut -c1-8)
if [ ! -e "$node/complete" ]; then
  echo "installing from npm: ${packages[*]}"
  rm -rf "$node"
  mkdir -p "$node"
  npm install --silent --no-audit --no-fund --prefix "$node" "${packages[@]}" >/dev/null
  touch "$node/complete"
fi
npm_bin=$node/node_modules/.bin

export PYTHONDONTWRITEBYTECODE=1
# The first generator formats its output with a tool that it finds on the PATH.
export PATH=$bin:$PATH
. scripts/service.sh
# shellcheck disable=SC2119 # called without options on purpose
start_service
curl "${json[@]}" -X PUT "$url/v1/users/ana" -d '{}' >"$work/answer"
curl "${json[@]}" -X PUT "$url/v1/users/bob" -d '{}' >"$work/answer"
curl "${json[@]}" "$url/v1/grants" -d '{"user":"ana","coin":"toco","amount":1000}' >"$work/answer"

# The configuration file is given explicitly, so that one in a parent directory can't weaken the rules.
lint() {
  printf 'extends: [recommended]\ntelemetry: off\n' >"$work/redocly.yaml"
  REDOCLY_SUPPRESS_UPDATE_NOTICE=true "$npm_bin/redocly" lint --config "$work/redocly.yaml" --format=json "$document" >"$work/lint.json" &&
    "$python" -c 'import json, sys
found = json.load(open(sys.argv[1]))
sys.exit(0 if found["totals"] == {"errors": 0, "warnings": 0, "ignored": 0} else json.dumps(found, indent=1))' "$work/lint.json"
}

# Problems of the generators themselves: an `__exit__` that is typed too widely, and a package without types.
printf '[mypy]\n[mypy-tocos_client.client]\nignore_errors = true\n[mypy-dateutil.*]\nignore_missing_imports = true\n' >"$work/mypy.ini"

# A generator may omit an operation without an error, so operations are counted.
operations=$("$python" -c 'import json, sys
print(sum(len(verbs) for verbs in json.load(open(sys.argv[1]))["paths"].values()))' "$document")

counted() {
  [ "$1" -eq "$operations" ] || { echo "$1 of $operations operations were made"; return 1; }
}

python_client() {
  mkdir "$work/python" && cd "$work/python" &&
    "$bin/openapi-python-client" generate --path "$document" --meta none --output-path tocos_client --fail-on-warning &&
    counted "$(find tocos_client/api -name '*.py' ! -name __init__.py | wc -l)" &&
    cp "$clients/python_client.py" . && "$bin/mypy" --config-file ../mypy.ini --strict python_client.py && "$python" python_client.py "$url" "$key"
}

# Some of its models are dynamic, so mypy is strict only for the code that uses them.
openapi_generator() {
  mkdir "$work/generator" && cd "$work/generator" &&
    "$bin/openapi-generator-cli" generate -i "$document" -g python -o . --package-name tocos_generated >generated &&
    counted "$(cat tocos_generated/api/*_api.py | grep -cE '^    def (get|put|post|delete)_[a-z0-9_]*_with_http_info\(')" &&
    cp "$clients/openapi_generator.py" . && "$bin/mypy" --config-file ../mypy.ini openapi_generator.py && "$python" openapi_generator.py "$url" "$key"
}

openapi_fetch() {
  mkdir "$work/fetch" && cd "$work/fetch" && ln -s "$node/node_modules" node_modules && echo '{"type":"module"}' >package.json &&
    "$npm_bin/openapi-typescript" "$document" --output schema.d.ts &&
    counted "$(sed -n '/^export interface operations {/,/^}/p' schema.d.ts | grep -cE '^    (get|put|post|delete)_[a-z0-9_]+: \{$')" &&
    cp "$clients/openapi_fetch.ts" . &&
    "$npm_bin/tsc" --strict --noUncheckedIndexedAccess --target es2022 --module nodenext --types node openapi_fetch.ts &&
    node openapi_fetch.js "$url" "$key"
}

openapi_ts() {
  mkdir "$work/ts" && cd "$work/ts" && ln -s "$node/node_modules" node_modules &&
    "$npm_bin/openapi-ts" -i "$document" -o sdk --no-log-file &&
    counted "$(grep -cE '^export const [a-zA-Z0-9]+ = <' sdk/sdk.gen.ts)" &&
    cp "$clients/openapi_ts.ts" . &&
    "$npm_bin/tsc" --strict --target es2022 --lib es2022,dom,dom.iterable --module commonjs --moduleResolution node10 \
      --types node openapi_ts.ts &&
    node openapi_ts.js "$url" "$key"
}

check "the page formats and escapes what the document says, and searches it" node crates/api/tests/page/page.mjs
check "Redocly's recommended rules find nothing" lint
check "openapi-python-client makes $operations operations; a transfer, a batch, two users" python_client
check "OpenAPI Generator for Python makes $operations operations; a transfer, a batch, two users" openapi_generator
check "openapi-typescript with openapi-fetch has $operations operations; a transfer, a batch, two users" openapi_fetch
check "@hey-api/openapi-ts makes $operations operations; a transfer, a batch, two users" openapi_ts

# Each client moved 5 coins, and 2 in its batch.
moved() {
  curl "${json[@]}" "$url/v1/users/bob" | grep -q '"total":28,'
}
check "the coins of all four clients are where they were sent" moved

kill -TERM "$server"
wait "$server"
server=
checked

#!/usr/bin/env bash
# Tests the infrastructure: formatting, validation, a plan for every variable on a mocked provider, checkov, then the real provider on moto and
# LocalStack: apply, empty second plan, comparison of the API's responses with the README's tables, destroy.
# It needs Terraform 1.11 or newer and its AWS provider (scripts/terraform-provider.sh says where it looks for it); it installs the rest from PyPI.
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/local/venv.sh
. scripts/terraform-provider.sh
python=$(venv moto)
checkov=$(dirname "$(venv checkov)")/checkov
localstack=$(venv localstack)
folder=$(mktemp -d)
emulators=
# On SIGTERM the tests stop their emulators before they end.
trap '[ -z "$emulators" ] || { kill "$emulators" 2>/dev/null && wait "$emulators"; } || true; rm -rf "$folder"' EXIT
passed=0

step() {
    local what=$1 begun=$SECONDS
    shift
    if ! "$@" > "$folder/said" 2>&1; then
        tail -60 "$folder/said"
        echo "FAILED  $what"
        echo "$passed passed, 1 failed"
        exit 1
    fi
    passed=$((passed + 1))
    echo "ok      $what ($((SECONDS - begun)) s)"
}

# A copy, so that no state, lock file or plugin directory is written to the tree.
"$python" -c "
import sys; sys.path.insert(0, 'deploy/local')
from workspace import Workspace
work = Workspace(sys.argv[1]).copy()
work.terraform('init', '-backend=false')
work.terraform('init', '-backend=false', within='bootstrap')" "$folder/copy"
root=$folder/copy/terraform
export AWS_EC2_METADATA_DISABLED=true

step "formatted" terraform fmt -check -recursive terraform
step "valid: the root and the bootstrap" bash -c "terraform -chdir='$root' validate && terraform -chdir='$root/bootstrap' validate"
# Most of its time is fixed pauses in the provider, so the other checks run meanwhile.
timeout -k 30 900 "$python" terraform/tests/on_emulators.py "$folder" "moto=$python" "localstack=$localstack" > "$folder/emulators" 2>&1 &
emulators=$!
step "a plan for every switch, on a mocked provider" timeout 300 terraform -chdir="$root" test -no-color
grep -cE '\.\.\. pass$' "$folder/said" | sed 's/^/        plans: /'
step "turns and password of a group's nodes" timeout 120 "$python" deploy/tests/group.py
# It passes over a file that it can't read, and says so only in its summary.
# shellcheck disable=SC2016 # the inner shell expands them
step "checkov, which reads every file" bash -c 'set -o pipefail; timeout 300 "$@" | tee "$0" && grep -q "^Passed checks: [1-9]" "$0" && ! grep "Parsing errors" "$0"' \
    "$folder/scan" "$checkov" --config-file terraform/.checkov.yaml --directory "$root" --quiet --compact
status=0
wait "$emulators" || status=$?
emulators=
sed '$d' "$folder/emulators"
# The last line of its output is its own count.
read -r on_emulators _ failed _ < <(tail -1 "$folder/emulators") && [[ $on_emulators =~ ^[0-9]+$ && $failed =~ ^[0-9]+$ ]] ||
    { tail -1 "$folder/emulators"; echo "the tests on emulators ended with $status before they were done"; exit 1; }
echo "$((passed + on_emulators)) passed, $failed failed"
exit "$status"

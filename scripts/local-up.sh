#!/usr/bin/env bash
# Makes a complete environment on this machine (emulated AWS, the Terraform applied to it, a container for each instance, a registry, a
# Prometheus) and deploys the service in it.
#
#   scripts/local-up.sh [--emulator moto|localstack] [--group] [IMAGE]
#
# --group makes two instances that serve one ledger, and a PostgreSQL that keeps its log; on moto, as LocalStack's free edition has no database.
# IMAGE is one of this machine's Docker; without one it is built from this tree. The emulator is moto if none is named; either is
# installed from PyPI.
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/local/venv.sh
emulator=moto
group=
while true; do
    case ${1:-} in
        --emulator)
            emulator=${2:-}
            shift 2
            ;;
        --group)
            group=--group
            shift
            ;;
        *) break ;;
    esac
done
case $emulator in
    moto | localstack) ;;
    *) echo "--emulator is moto or localstack, not \"$emulator\"" >&2; exit 2 ;;
esac
if [ -n "$group" ] && [ "$emulator" = localstack ]; then
    echo "LocalStack's free edition has no RDS, and so no database for a group: leave --emulator away, moto has one" >&2
    exit 2
fi
scripts/docker-engine.sh
. scripts/terraform-provider.sh
exec "$(venv moto)" deploy/local/local.py up --emulator "$emulator" --python "$(venv "$emulator")" ${group:+"$group"} "$@"

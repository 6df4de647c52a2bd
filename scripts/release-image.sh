#!/usr/bin/env bash
# The steps of a release after the build. They run wherever docker buildx and cosign are.
#
#   scripts/release-image.sh join IMAGE COMMIT FOLDER      one image of the digests in FOLDER (a file each); prints digest=...
#   scripts/release-image.sh sign IMAGE DIGEST             with COSIGN_PRIVATE_KEY, in the form that podman reads
#   scripts/release-image.sh promote IMAGE DIGEST CHANNEL  moves the tag; the digest stays the same
#   scripts/release-image.sh wait URL COMMIT SECONDS       until URL/version names the commit
set -euo pipefail

digest_of() {
    docker buildx imagetools inspect --format '{{json .Manifest.Digest}}' "$1" | tr -d '"'
}

join() {
    local image=$1 commit=$2 folder=$3 parts=() file
    for file in "$folder"/*; do
        parts+=("$image@$(cat "$file")")
    done
    docker buildx imagetools create --tag "$image:$commit" "${parts[@]}" >&2
    echo "digest=$(digest_of "$image:$commit")"
}

sign() {
    # podman knows the older of cosign's two forms only.
    cosign sign --yes --key env://COSIGN_PRIVATE_KEY --new-bundle-format=false --use-signing-config=false --tlog-upload=false --recursive "$1@$2"
}

promote() {
    local image=$1 digest=$2 channel=$3 now
    # --prefer-index=false: copy the index as it is, so that its digest and with it the signature stay true.
    docker buildx imagetools create --prefer-index=false --tag "$image:$channel" "$image@$digest"
    now=$(digest_of "$image:$channel")
    if [ "$now" != "$digest" ]; then
        echo "$image:$channel is $now and not $digest: somebody else moved it, or the registry made it anew; look before the hosts do" >&2
        return 1
    fi
}

wait_for() {
    local url=$1 commit=$2 seconds=$3 begun=$SECONDS said
    while [ $((SECONDS - begun)) -lt "$seconds" ]; do
        said=$(curl -fsS --max-time 5 "$url/version" || true)
        # The service names the first twelve characters.
        case $said in *"\"commit\":\"${commit:0:12}"*) echo "$url answers as ${commit:0:12} after $((SECONDS - begun)) s"; return 0 ;; esac
        sleep 5
    done
    echo "$url does not answer as ${commit:0:12} after $seconds s; it says: $said. On the host: tocos-update status; journalctl -u tocos-update" >&2
    return 1
}

case ${1:-} in
    join) join "$2" "$3" "$4" ;;
    sign) sign "$2" "$3" ;;
    promote) promote "$2" "$3" "$4" ;;
    wait) wait_for "$2" "$3" "$4" ;;
    *) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac

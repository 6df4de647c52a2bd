#!/usr/bin/env bash
# The steps of a release after the build, by skopeo (Debian's or Ubuntu's is enough). Images are named by digest; a tag is moved last.
#
#   scripts/release-image.sh push ARCHIVE IMAGE            an OCI folder to IMAGE, under no tag; prints digest=...
#   scripts/release-image.sh join IMAGE COMMIT FOLDER      one image of the digests in FOLDER (a file each), as IMAGE:COMMIT; prints digest=...
#   scripts/release-image.sh sign IMAGE DIGEST             by cosign, with COSIGN_PRIVATE_KEY and COSIGN_PASSWORD, in the form that podman reads
#   scripts/release-image.sh promote IMAGE DIGEST CHANNEL  moves the tag; the digest stays the same
#   scripts/release-image.sh wait URL COMMIT SECONDS       until URL/version names the commit
set -euo pipefail
cd "$(dirname "$0")/.."

command -v skopeo >/dev/null || { echo "skopeo is not here: apt-get install skopeo" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A registry on the loopback needs no certificate; Docker accepts that too.
reach=() copy=(copy -q --all --preserve-digests)
case ${2:-}${3:-} in *127.0.0.1:* | *localhost:*)
    reach=(--tls-verify=false)
    copy+=(--src-tls-verify=false --dest-tls-verify=false) ;;
esac

digest_of() {
    skopeo inspect "${reach[@]}" --raw "docker://$1" >"$work/manifest" || return 1
    echo "sha256:$(sha256sum <"$work/manifest" | cut -d' ' -f1)"
}

push() {
    local archive=$1 image=$2 digest
    # The manifest is what index.json names.
    digest=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1] + "/index.json"))["manifests"][0]["digest"])' "$archive")
    skopeo "${copy[@]}" "oci:$archive" "docker://$image@$digest" >&2
    [ "$(digest_of "$image@$digest")" = "$digest" ] || { echo "$image has no $digest after the push" >&2; return 1; }
    echo "digest=$digest"
}

join() {
    local image=$1 commit=$2 folder=$3 file parts=() digest
    for file in "$folder"/*; do
        parts+=("$work/$(basename "$file")")
        skopeo "${copy[@]}" "docker://$image@$(cat "$file")" "dir:$work/$(basename "$file")" >&2
    done
    digest=$(python3 scripts/join_images.py "$work/joined" "${parts[@]}")
    skopeo "${copy[@]}" "dir:$work/joined" "docker://$image:$commit" >&2
    [ "$(digest_of "$image:$commit")" = "$digest" ] || { echo "the registry made another image of $digest" >&2; return 1; }
    echo "digest=$digest"
}

sign() {
    # podman supports only the older of cosign's two formats. Recursive: a host pulls one image of the index, and its podman checks the
    # signature of that image.
    cosign sign --yes --key env://COSIGN_PRIVATE_KEY --new-bundle-format=false --use-signing-config=false --tlog-upload=false --recursive "$1@$2"
}

promote() {
    local image=$1 digest=$2 channel=$3 now
    skopeo "${copy[@]}" "docker://$image@$digest" "docker://$image:$channel" >&2
    now=$(digest_of "$image:$channel")
    if [ "$now" != "$digest" ]; then
        echo "$image:$channel is $now and not $digest: somebody else moved it; look before the hosts do" >&2
        return 1
    fi
}

wait_for() {
    local url=$1 commit=$2 seconds=$3 begun=$SECONDS said=
    while [ $((SECONDS - begun)) -lt "$seconds" ]; do
        said=$(curl -fsS --max-time 5 "$url/version" || true)
        # The service reports the first twelve characters.
        case $said in *"\"commit\":\"${commit:0:12}"*) echo "$url answers as ${commit:0:12} after $((SECONDS - begun)) s"; return 0 ;; esac
        sleep 2
    done
    echo "$url does not answer as ${commit:0:12} after $seconds s; it says: $said. On the host: tocos-update status; journalctl -u tocos-update" >&2
    return 1
}

case ${1:-} in
    push) push "$2" "$3" ;;
    join) join "$2" "$3" "$4" ;;
    sign) sign "$2" "$3" ;;
    promote) promote "$2" "$3" "$4" ;;
    wait) wait_for "$2" "$3" "$4" ;;
    *) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac

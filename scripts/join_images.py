"""Joins images of single architectures into one index: no layer is rebuilt and no digest changes.

    join_images.py JOINED PART...    folders as `skopeo copy --all ... dir:PART` makes them; prints the digest of the index

A part is one manifest, or an index, as a build with provenance makes it. The entries of such an index are copied unchanged.
"""

import hashlib
import json
import shutil
import sys
from pathlib import Path

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OF_THE_FOLDER = {"version", "manifest.json"}


def descriptors(part, joined):
    """What the joined index says of one part; the part's manifest goes among the joined ones."""
    text = (part / "manifest.json").read_bytes()
    manifest = json.loads(text)
    if "manifests" in manifest:
        return manifest["manifests"]
    hexadecimal = hashlib.sha256(text).hexdigest()
    (joined / f"{hexadecimal}.manifest.json").write_bytes(text)
    config = json.loads((part / manifest["config"]["digest"].removeprefix("sha256:")).read_text())
    platform = {name: config[name] for name in ("architecture", "os", "variant") if config.get(name)}
    kind = manifest.get("mediaType", OCI_MANIFEST)
    return [{"mediaType": kind, "digest": f"sha256:{hexadecimal}", "size": len(text), "platform": platform}]


def join(joined, parts):
    joined.mkdir()
    listed = []
    for part in parts:
        for file in part.iterdir():
            if file.name not in OF_THE_FOLDER:
                shutil.copy(file, joined / file.name)
        shutil.copy(part / "version", joined / "version")
        listed += descriptors(part, joined)
    platforms = [json.dumps(entry["platform"], sort_keys=True) for entry in listed if entry["platform"]["os"] != "unknown"]
    if len(set(platforms)) != len(platforms) or not platforms:
        raise SystemExit(f"each architecture must be there once, and these are: {', '.join(platforms) or 'none'}")
    kind = DOCKER_LIST if {entry["mediaType"] for entry in listed} == {DOCKER_MANIFEST} else OCI_INDEX
    text = json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": listed}, indent=2).encode()
    (joined / "manifest.json").write_bytes(text)
    return "sha256:" + hashlib.sha256(text).hexdigest()


if __name__ == "__main__":
    print(join(Path(sys.argv[1]), [Path(part) for part in sys.argv[2:]]))

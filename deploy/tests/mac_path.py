"""A PATH as on a Mac, as far as that goes on Linux: what macOS does not ship is not there, and of the rest each refuses the options that only
GNU's has. `uname` says Darwin. It shows what scripts call; it is not bash 3.2, and not the BSD programs themselves."""

import os
import shutil
import sys
from pathlib import Path

# Options (as for getopts) that both macOS and GNU have, with the same meaning.
BOTH = {
    "basename": "", "cat": "bensuv", "chmod": "R", "cksum": "", "cp": "aRpPfLHinv", "cut": "b:c:d:f:s", "date": "Ru", "dirname": "", "find": None,
    "grep": "EFHILhlnoqrsvwxcie:f:m:A:B:C:", "head": "n:c:", "id": "ugnGr", "ln": "sf", "ls": "1aAlhtrRSdF", "mkdir": "pm:v", "mktemp": "dqu", "mv": "finv",
    "ps": "axo:p:ef", "readlink": "n", "rm": "rfidvR", "rmdir": "p", "sed": "Enre:f:", "seq": "s:w", "sleep": "", "sort": "bcdfgimnruo:k:t:s",
    "tail": "n:c:f", "tar": "cxztvf:C:", "touch": "amc", "tr": "cCdsu", "wc": "lwcm", "xargs": "0n:I:P:",
}
# Without options of their own that differ, or from the section of the README that says what to install.
AS_THEY_ARE = ["awk", "bash", "curl", "docker", "echo", "env", "false", "git", "kill", "perl", "sh", "tee", "terraform", "true"]

WRAPPER = """#!/bin/sh
refuse() {{ echo "{name}: $1 is not what macOS and GNU have in common" >&2; exit 64; }}
for word; do case $word in --?*) refuse "$word" ;; esac; done
(while getopts ":{options}" option; do case $option in '?' | :) refuse "-$OPTARG" ;; esac; done) || exit 64
exec {real} "$@"
"""
FIND = """#!/bin/sh
for word; do case $word in -printf | -regextype | -readable | -executable) echo "find: macOS has no $word" >&2; exit 64 ;; esac; done
case ${{1:--}} in -*) echo "find: macOS wants a folder first" >&2; exit 64 ;; esac
exec {real} "$@"
"""
UNAME = """#!/bin/sh
case ${1:--s} in -s) echo Darwin ;; -m) echo arm64 ;; -sm) echo Darwin arm64 ;; *) echo "uname: what of $*?" >&2; exit 64 ;; esac
"""


def make(folder):
    """The folder that is the whole PATH."""
    folder = Path(folder)
    folder.mkdir(parents=True)
    for name, options in BOTH.items():
        real = shutil.which(name)
        text = FIND.format(real=real) if options is None else WRAPPER.format(name=name, options=options, real=real)
        put(folder / name, text)
    put(folder / "uname", UNAME)
    for name in AS_THEY_ARE:
        if found := shutil.which(name):
            (folder / name).symlink_to(found)
    (folder / "python3").symlink_to(os.path.realpath(sys.executable))
    return str(folder)


def put(path, text):
    path.write_text(text)
    path.chmod(0o755)

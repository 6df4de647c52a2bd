"""Holds what a laptop runs to what macOS ships: bash 3.2, BSD programs, Docker Desktop. The scripts are found by following what
scripts/local-*.sh and deploy/local/ call; those whose head says `Linux alone` are left out. Their forms are searched for what a Mac
does not take, and each form searched for is proved to be found."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "deploy" / "local"), str(ROOT / "deploy" / "tests")]

from checks import Checks  # noqa: E402
from mac_path import make  # noqa: E402

# What is searched for, why, and a line that must be found.
SHELL = [
    (r"\b(mapfile|readarray)\b", "bash 4", "mapfile -t lines < file"),
    (r"\b(declare|local|typeset) -[a-zA-Z]*[Ang]", "bash 4: associative arrays, references, globals", "declare -A ports"),
    (r"\$\{[A-Za-z_][A-Za-z0-9_]*(\[[^]]*\])?(,,?|\^\^?)", "bash 4: case of letters", 'echo "${name,,}"'),
    (r"\$\{[A-Za-z_][A-Za-z0-9_]*@[A-Za-z]\}", "bash 4.4", 'echo "${name@Q}"'),
    (r"&>>|\|&", "bash 4: redirections", "make &>> log"),
    (r"\bcoproc\b|\bwait -n\b|\$EPOCH|\bBASHPID\b|\bglobstar\b|\bpipefail\b.*\binherit_errexit\b", "bash 4 or 5", "wait -n"),
    (r"\[\[ -v |\[ -v |test -v ", "bash 4.2", "[ -v name ]"),
    (r"\$\{[A-Za-z_]+: -\d|\[-\d\]", "bash 4.2: from the end", "echo ${list[-1]}"),
    (r"printf ['\"]%\(", "bash 4.2: times", "printf '%(%s)T'"),
    (r'(?<!\+)"\$\{[A-Za-z_]+\[@\]\}"', "an empty array is an error with set -u before bash 4.4", 'run "${arguments[@]}"'),
    (r"\bsed\b[^|;]* (-i|--in-place)", "BSD sed takes the next word as a suffix: perl -pi -e", "sed -i 's/a/b/' file"),
    (r"\bsed\b[^|;]*\\[+?|]", "BSD sed has no \\+ \\? \\|: sed -E", r"sed 's/a\+/b/'"),
    (r"\bdate\b[^|;)]* (-d|--date|-I|-Ins)\b|date \+[^ )]*%N", "GNU date", "date -d yesterday"),
    (r"\breadlink\b[^|;]* -[a-z]*[fem]\b|\brealpath\b", "older macOS has neither", "readlink -f file"),
    (r"\bmktemp\b[^|;]* (-p|--tmpdir|--suffix)", "GNU mktemp", "mktemp --suffix .deb"),
    (r"(^|[;|&(] *)stat ", "BSD stat has other options and another format", "stat -c %s file"),
    (r"\bgrep\b[^|;]* -[A-Za-z]*P", "BSD grep has no -P", "grep -oP 'a' file"),
    (r"\b(head|tail)\b[^|;]* -[nc] ?-?\+?-\d", "BSD head has no negative counts", "head -n -1"),
    (r"\bxargs\b[^|;]* (-r|-d|--)", "GNU xargs", "xargs -r rm"),
    (r"\bsort\b[^|;]* -[a-zA-Z]*[Vh]\b", "newer than some Macs", "sort -V"),
    (r"\bbase64\b[^|;]* -w", "GNU base64", "base64 -w0"),
    (r"(?<![-\w])(timeout|sha\d+sum|md5sum|tac|nproc|setsid|getent|numfmt|shuf|ip|ss|systemctl|apt-get|dpkg)( -|\s|$)", "not on a Mac", "timeout 5 true"),
    (r"/proc/|/sys/", "not on a Mac", "cat /proc/mounts"),
]
DOCKER = [
    (r"--privileged", "asks for more than is needed", "docker run --privileged x"),
    (r"--(network|net|pid|ipc|uts|userns)[\"', =]+host\b", "Docker Desktop's host is a machine of its own", "docker run --network host x"),
    (r"--device\b|--gpus\b", "Docker Desktop's machine has no such thing", "docker run --device /dev/kvm x"),
    (r"linux/amd64|--platform\b", "the image is that of the Mac's processor", "docker build --platform linux/amd64 ."),
    (r"[\"' ]-v[\"', ]+f?[\"']?/(etc|lib|dev|run|sys|proc)", "folders of the engine's machine", "docker run -v /etc/ssl:/etc/ssl x"),
]


def without_comments(text):
    return [("" if line.lstrip().startswith("#") else line) for line in text.splitlines()]


def laptop_scripts():
    """All that is reached from scripts/local-*.sh and the Python beside the bodies."""
    tracked = subprocess.run(["git", "ls-files", "*.sh"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    by_name = {Path(path).name: ROOT / path for path in tracked}
    reached, todo = {}, sorted(ROOT.glob("scripts/local-*.sh")) + sorted((ROOT / "deploy" / "local").glob("*.py"))
    while todo:
        path = todo.pop()
        text = path.read_text()
        if path in reached or is_for_linux(text):
            continue
        reached[path] = without_comments(text)
        todo += [by_name[name] for line in reached[path] for name in re.findall(r"[\w-]+\.sh", line) if name in by_name]
    return reached


def is_for_linux(text):
    """Said within the first comment."""
    head = "\n".join(line for line in text.splitlines()[:6] if line.startswith("#"))
    return "Linux alone" in head


def scripts_are_found(reached):
    names = {path.name for path in reached}
    must = {"local-up.sh", "local-bodies.sh", "local-push.sh", "local-down.sh", "local-image.sh", "docker-engine.sh", "docker-build.sh", "venv.sh", "build.sh",
            "terraform-provider.sh", "bodies.py"}
    assert must <= names, f"not followed to: {must - names}"
    return f"{len(names)} files"


def forms_are_portable(reached):
    found = []
    for path, lines in reached.items():
        forms = DOCKER + (SHELL if path.suffix == ".sh" else SHELL[-1:])
        for number, line in enumerate(lines, 1):
            # What `command -v` asks for may be missing.
            asked = re.sub(r"command -v \S+", "", line)
            found += [f"{path.relative_to(ROOT)}:{number}: {why}: {line.strip()}" for form, why, _ in forms if re.search(form, asked)]
    assert not found, "\n".join(found)
    return f"{len(SHELL) + len(DOCKER)} forms"


def each_form_is_found():
    missed = [sample for form, _, sample in SHELL + DOCKER if not re.search(form, sample)]
    assert not missed, f"would go through: {missed}"


def the_mac_path_refuses(path):
    """The PATH under which scripts/test-local.sh walks: GNU's options are refused, and what a Mac lacks is not there."""
    def status(line):
        return subprocess.run(["/bin/sh", "-c", line], env={"PATH": path, "HOME": "/nowhere"}, capture_output=True, stdin=subprocess.DEVNULL).returncode

    refused = [
        "sed -i s/a/b/ /dev/null", "sed --in-place s/a/b/ /dev/null", "date -d now", "date --iso-8601", "readlink -f /", "mktemp -p /tmp", "mktemp --suffix x",
        "grep -P a /dev/null", "find -maxdepth 0", "find / -maxdepth 0 -printf x", "sort -V /dev/null", "xargs -r true", "cp -t /tmp x", "head --lines 1 /dev/null",
    ]
    taken = ["date -u +%s", "sed -n p /dev/null", "grep -E a /dev/null || true", "mktemp -d -u", "find / -maxdepth 0", "cut -d: -f1 /dev/null", "echo a | xargs -n 1 true"]
    absent = ["stat /", "timeout 1 true", "sha256sum /dev/null", "flock /tmp true", "realpath /", "nproc", "setsid true", "apt-get --version", "ip link"]
    wrong = [line for line in refused if status(line) != 64] + [line for line in taken if status(line) != 0] + [line for line in absent if status(line) != 127]
    assert not wrong, f"not as on a Mac: {wrong}"
    return f"{len(refused)} refused, {len(absent)} not there"


def shellcheck_finds_nothing(program, reached):
    scripts = [path for path in reached if path.suffix == ".sh"]
    done = subprocess.run([program, "-x", "-P", f"SCRIPTDIR/..:{ROOT}", *scripts], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return f"{len(scripts)} scripts"


def main():
    checks, reached = Checks(), laptop_scripts()
    checks.check("what a laptop runs is found", lambda: scripts_are_found(reached))
    checks.check("each form that is searched for would be found", each_form_is_found)
    checks.check("nothing is used that bash 3.2, BSD's programs or Docker Desktop do not have", lambda: forms_are_portable(reached))
    checks.check("shellcheck", lambda: shellcheck_finds_nothing(sys.argv[1], reached))
    with tempfile.TemporaryDirectory() as folder:
        checks.check("a PATH as on a Mac refuses the rest", lambda: the_mac_path_refuses(make(Path(folder) / "bin")))
    checks.close()


if __name__ == "__main__":
    main()

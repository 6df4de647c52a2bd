# shellcheck shell=bash
# Sourced. `within SECONDS COMMAND...` runs a command and ends it if it takes longer, with 124. macOS has no `timeout`.
within() {
    python3 -c '
import subprocess, sys
try:
    sys.exit(subprocess.run(sys.argv[2:], timeout=float(sys.argv[1])).returncode)
except subprocess.TimeoutExpired:
    sys.exit(124)' "$@"
}

"""Runs programs, and reports the output of one that fails."""

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("TOCOS_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tocos")


class Broken(Exception):
    """A step failed; the text says which and what to do."""


def say(text):
    print(text, flush=True)


def run(*command, check=True, stdin=None, env=None, cwd=None, seconds=600):
    """Output of a program. With check, a failure ends the step and shows what the program said."""
    command = [str(part) for part in command]
    try:
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, env=env, cwd=cwd, timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise Broken(f"no end within {seconds} s: {' '.join(command)}") from error
    except FileNotFoundError as error:
        raise Broken(f"{command[0]} is not installed") from error
    if check and done.returncode != 0:
        raise Broken(f"{' '.join(command)[:300]} ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done


def wait_until(what, condition, seconds=60, every=0.1):
    """Waits for a condition and returns what it said and how long it took."""
    begun = time.monotonic()
    while True:
        answer = condition()
        if answer:
            return answer, time.monotonic() - begun
        if time.monotonic() - begun > seconds:
            raise Broken(f"after {seconds} s still not: {what}")
        time.sleep(every)


def fail(error):
    print(f"error: {error}", file=sys.stderr, flush=True)
    return 1

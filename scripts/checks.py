"""Runs checks one after another. Each is described by a sentence; the last line of the output is the count."""

import subprocess
import sys
import time
import traceback


class Checks:
    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.begun = time.monotonic()

    def that(self, sentence, check, *arguments):
        """Runs one check: it fails by an exception or by a false answer other than None. Gives back what it found."""
        started = time.monotonic()
        try:
            found = check(*arguments)
            good = found is None or bool(found)
            reason = "" if good else f"  got: {found!r}"
        except Exception as error:  # One broken check must not hide the others.
            found, good = None, False
            where = traceback.extract_tb(error.__traceback__)[-1]
            reason = f"  {type(error).__name__}: {error} ({where.name}, line {where.lineno})"
        took = time.monotonic() - started
        self.passed += good
        self.failed += not good
        print(f"{'ok  ' if good else 'FAIL'} {sentence} ({took:.1f} s){reason}", flush=True)
        return found

    def end(self):
        print(f"took {time.monotonic() - self.begun:.0f} s")
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        sys.exit(1 if self.failed else 0)


def same(got, wanted, what=""):
    if got != wanted:
        raise AssertionError(f"{what + ': ' if what else ''}{got!r} is not {wanted!r}")
    return True


def run(*command, ok=True, **options):
    """Runs a program and gives its output; with ok=False also when it fails, then stderr too."""
    done = subprocess.run(command, text=True, capture_output=True, timeout=options.pop("timeout", 120), **options)
    if ok and done.returncode != 0:
        raise AssertionError(f"{' '.join(command)} ended with {done.returncode}: {(done.stderr or done.stdout).strip()[-600:]}")
    return done.stdout if ok else done


def wait_until(sentence, condition, seconds=30, pause=0.05):
    """Asks until the condition gives something true, and gives that."""
    end = time.monotonic() + seconds
    last = None
    while time.monotonic() < end:
        try:
            found = condition()
            if found:
                return found
        except (OSError, AssertionError, ValueError, KeyError) as error:
            last = error
        time.sleep(pause)
    raise AssertionError(f"not within {seconds} s: {sentence}{f' (last: {last})' if last else ''}")

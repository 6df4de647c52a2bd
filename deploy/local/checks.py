"""Runs checks, measures their time and counts them; the last line of the output is the count. Several threads may add checks."""

import sys
import threading
import time
import traceback

from shell import Broken, say


class Checks:
    def __init__(self):
        self.passed, self.failed = 0, 0
        self.counting = threading.Lock()

    def check(self, what, step):
        """Runs a step; what it returns is printed behind its name. A step that fails does not keep others from running."""
        begun = time.monotonic()
        try:
            note = step()
        except (Broken, AssertionError) as broken:
            with self.counting:
                self.failed += 1
            say(f"FAILED  {what} ({time.monotonic() - begun:.1f} s)\n        {str(broken) or traceback.format_exc()}")
            return False
        with self.counting:
            self.passed += 1
        say(f"ok      {what} ({time.monotonic() - begun:.1f} s){f': {note}' if note else ''}")
        return True

    def close(self):
        say(f"{self.passed} passed, {self.failed} failed")
        sys.exit(1 if self.failed or not self.passed else 0)

"""From `tflocal apply` to an answered request, on an emulator that somebody else started: what README.md tells to type, typed under a PATH
as on a Mac. Each walk has its own emulator and its own world; LocalStack gets the private shape of emulator.tfvars, moto the one with a single
public instance, and another moto a group."""

import os
import re
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "deploy" / "local"), str(ROOT / "deploy" / "tests")]

from checks import Checks  # noqa: E402
from group_walk import GroupWalk  # noqa: E402
from mac_path import make  # noqa: E402
from shell import run  # noqa: E402
from walk import Walk  # noqa: E402

UP = "tocos-walk-up"


def carry_out(checks, walk):
    kind = walk.kind
    try:
        if checks.check(f"{kind} starts", lambda: f"after {walk.emulator.start():.1f} s") and checks.check(f"{kind}: tflocal apply", walk.applied):
            for name, step in walk.steps():
                if not checks.check(f"{kind}: {name}", step):
                    break
    finally:
        checks.check(f"{kind}: local-down leaves nothing", walk.down)
        walk.emulator.stop()


def without_an_emulator(image):
    """Says what to do instead of waiting."""
    env = dict(os.environ, AWS_ENDPOINT_URL="http://127.0.0.1:1", TOCOS_WORLD="tocos-walk-none")
    done = run(ROOT / "scripts" / "local-bodies.sh", image, env=env, check=False)
    assert done.returncode == 1 and "no emulator answers on http://127.0.0.1:1" in done.stderr, f"{done.returncode}: {done.stderr}"


def no_group_on_localstack(image):
    """Which has no databases; said before anything is made."""
    done = run(ROOT / "scripts" / "local-up.sh", "--emulator", "localstack", "--group", image, env=dict(os.environ, TOCOS_WORLD="tocos-walk-none"), check=False)
    assert done.returncode == 2 and "no RDS" in done.stderr, f"{done.returncode}: {done.stdout}{done.stderr}"


def up_on_localstack(image, folder):
    """The other way round: local-up starts the emulator itself."""
    env = dict(os.environ, PATH=make(Path(folder) / "bin"), TOCOS_WORLD=UP, TOCOS_WORLD_PORT="8940", TOCOS_WORLD_CIDR="10.25.0.0/16")
    try:
        said = run(ROOT / "scripts" / "local-up.sh", "--emulator", "localstack", image, env=env).stdout
        assert "registry and localstack" in said and '"name":"tocos"' in said, said
    finally:
        down = run(ROOT / "scripts" / "local-down.sh", env=env).stdout
    assert "nothing is left" in down, down
    return re.search(r"terraform apply: [0-9.]+ s", said).group()


def give_up(walks):
    """For the one who started us and lost patience: nothing may be left standing."""
    for walk in walks:
        walk.down()
        walk.emulator.stop()
    run(ROOT / "scripts" / "local-down.sh", env=dict(os.environ, TOCOS_WORLD=UP), check=False)
    os._exit(1)


def main():
    image, tflocal, folder = sys.argv[1:4]
    pythons = dict(argument.split("=", 1) for argument in sys.argv[4:])
    checks = Checks()
    walks = [Walk(kind, python, tflocal, image, folder) for kind, python in pythons.items()]
    walks.append(GroupWalk("group", pythons["moto"], tflocal, image, folder))
    signal.signal(signal.SIGTERM, lambda *_: give_up(walks))
    # Nearly all of it is waiting for the provider's fixed pauses, so all at once.
    with ThreadPoolExecutor() as beside:
        running = [beside.submit(carry_out, checks, one) for one in walks]
        running.append(beside.submit(checks.check, "without an emulator it says so", lambda: without_an_emulator(image)))
        running.append(beside.submit(checks.check, "a group on LocalStack is refused", lambda: no_group_on_localstack(image)))
        running.append(beside.submit(checks.check, "local-up on LocalStack, and down", lambda: up_on_localstack(image, folder)))
        for one in running:
            one.result()
    checks.close()


if __name__ == "__main__":
    main()

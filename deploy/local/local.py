"""Commands for a world on this machine (world.py). `up` makes it all, `bodies` gives machines to the instances of an emulator that runs
already, `push` deploys an image, `status` and `down` are what they say."""

import argparse
import os
import subprocess
import sys
import time

import cloud
from emulator import REGION, Emulator, Endpoint, end_process
from shell import ROOT, Broken, fail, say, wait_until
from world import POLL_SECONDS, World

BUILT = "tocos:local"
FOLLOW_SECONDS = 1
# LocalStack's, and tflocal's where nothing else is said.
USUAL_PORT = 4566


def attached():
    """The emulator that runs already, where tflocal looks for it too."""
    return Endpoint(os.environ.get("AWS_ENDPOINT_URL") or f"http://localhost:{USUAL_PORT}")


def built(world):
    """An image built from this tree; what the build says is shown."""
    if subprocess.run([ROOT / "scripts" / "local-image.sh", BUILT, world.name]).returncode != 0:
        raise Broken("the image could not be built; what failed stands above")
    return BUILT


def command_emulator(world, kind, python):
    emulator = Emulator(kind, python, world.folder, USUAL_PORT)
    took = emulator.start()
    say(f"{kind} answers on http://localhost:{USUAL_PORT} after {took:.1f} s")
    return 0


def what_next(world):
    holder, path = world.key_file
    return f"""
service      curl -k {world.url('/version')}
first key    docker exec {holder} cat {path}
updates      docker exec {world.service} journalctl -u tocos-update -f
numbers      http://127.0.0.1:{world.ports['prometheus']}/graph?g0.expr=tocos_deploy_info
next image   scripts/local-push.sh [IMAGE]        (taken within {POLL_SECONDS} s)
a shell      docker exec -it {world.service} bash{of_group(world)}
the end      scripts/local-down.sh"""


def of_group(world):
    """Further lines where there are several nodes."""
    roles = world.formed() or {}
    if len(roles) < 2:
        return ""
    leader = next(body for body, role in roles.items() if role == "leader")
    others = " ".join(body for body in roles if body != leader)
    return f"""
leads        {leader}      (docker kill it: another one leads within seconds; docker start brings it back)
follows      {others}"""


def answered(world, begun):
    """Waits for the service, and for the whole of a group."""
    answer = world.answers()
    took = time.monotonic() - begun
    if len(world.services) > 1:
        _, more = wait_until("one node leads and the others follow (see: docker exec NODE journalctl -u tocos)", world.formed, 180, every=0.5)
        say(f"the group is whole: {more:.1f} s later")
    say(f"boot until the service answers: {took:.1f} s\n\n{answer.strip()}\n{what_next(world)}")


def command_up(world, image_to_push):
    begun = time.monotonic()
    image = world.begin()
    say(f"registry and {world.emulator.kind}: {time.monotonic() - begun:.1f} s")
    world.push(image_to_push or built(world))
    begun = time.monotonic()
    world.apply()
    say(f"terraform apply: {time.monotonic() - begun:.1f} s")
    begun = time.monotonic()
    world.follow(image)
    answered(world, begun)
    return 0


def command_bodies(world, image_to_push):
    """Bodies as the emulator says, the first image if the registry has none, and somebody who keeps it so."""
    try:
        # A busy one may take its time.
        wait_until("an emulator answers", world.emulator.answers, 10)
    except Broken as broken:
        raise Broken(f"no emulator answers on {world.emulator.url}: start LocalStack or moto, or set AWS_ENDPOINT_URL") from broken
    image = world.bodies.image()
    end_process(world.follower, "the follower")
    world.folder.mkdir(parents=True, exist_ok=True)
    recorded = cloud.read(world.emulator)
    if recorded.service:
        world.outside(image, recorded.cidr)
        repository, tag = recorded.service.image.rsplit(":", 1)
        if image_to_push or not world.digest(tag, repository):
            world.push(image_to_push or built(world), tag, repository)
            say(f"pushed       {recorded.service.image}")
    begun = time.monotonic()
    world.start_relay()
    recorded, booted, ended = world.follow(image)
    for what, bodies in (("ended", ended), ("booted", booted)):
        for body in bodies:
            say(f"{what:<12} {body}")
    start_follower(world)
    if not recorded.machines:
        say(f"{world.emulator.url} has no running instance of this Terraform in {REGION}, so there are no bodies; an apply gets some by itself")
        return 0
    if not recorded.service:
        raise Broken("none of the instances is one for the service")
    if not any(machine.is_public for machine in recorded.machines):
        say("no instance has a public address, so nothing is published on this machine")
        return 0
    answered(world, begun)
    return 0


def start_follower(world):
    with open(world.folder / "follower.log", "ab") as log:
        process = subprocess.Popen([sys.executable, __file__, "follow"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    world.follower.write_text(str(process.pid))


def command_follow(world):
    """Until it is ended. What goes wrong is said once, and tried again."""
    image, said = world.bodies.image(), ""
    while True:
        try:
            _, booted, ended = world.follow(image)
            for what, bodies in (("ended", ended), ("booted", booted)):
                for body in bodies:
                    say(f"{time.strftime('%H:%M:%S')} {what} {body}")
            said = ""
        except Broken as broken:
            if str(broken) != said:
                said = str(broken)
                say(f"{time.strftime('%H:%M:%S')} {said}")
        time.sleep(FOLLOW_SECONDS)


def command_push(world, image):
    image = image or built(world)
    runs = [followed for _, followed, _ in world.bodies.running().values() if followed]
    if not runs:
        raise Broken("no body with the service runs; make one: scripts/local-up.sh, or scripts/local-bodies.sh after an apply")
    repository, tag = runs[0].rsplit(":", 1)
    before = world.updater_knows().get("current")
    world.push(image, tag, repository)
    begun, digest = time.monotonic(), world.digest(tag, repository)
    if digest == before:
        say(f"{digest} is what runs already")
        return 0
    say(f"pushed as {digest}; the instance looks every {POLL_SECONDS} s")
    nodes = world.services
    for node in nodes:
        (taken, words), _ = wait_until(f"{node} has judged it (see: journalctl -u tocos-update)", lambda: world.judged(digest, node), 300)
        say(f"{f'{node}: ' if len(nodes) > 1 else ''}{words}; known {time.monotonic() - begun:.1f} s after the push")
        if not taken:
            # In a group it goes no further.
            break
    wait_until("Prometheus has scraped what the updater counted", world.counted, 30)
    say((world.ask("/version") or "the service does not answer").strip())
    return 0 if taken else 1


def command_down(world):
    world.down()
    world.bodies.remove_images()
    left = world.bodies.left_over() + [str(path) for path in (world.folder,) if path.exists()]
    if left:
        raise Broken(f"still there: {' '.join(left)}")
    say("nothing is left")
    return 0


def command_status(world):
    for body in world.bodies.running():
        say(f"{body} runs")
    say(world.ask("/version") or "the service does not answer")
    for body, role in world.roles().items():
        say(f"{body}: {role or 'does not answer'}")
        say(world.inside("tocos-update", "status", body=body, check=False).stdout)
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    image = {"nargs": "?", "help": "image of this machine's Docker; without one it is built from this tree"}
    up = commands.add_parser("up", help="make everything and wait until the service answers")
    up.add_argument("image", **image)
    emulator = commands.add_parser("emulator", help="start an emulator on its usual port")
    for command in (up, emulator):
        command.add_argument("--emulator", choices=["moto", "localstack"], default="moto")
        command.add_argument("--python", default=sys.executable, help="interpreter that has the emulator")
    up.add_argument("--group", action="store_true", help="two nodes, and a database that keeps their log")
    bodies = commands.add_parser("bodies", help="give bodies to the instances of an emulator that runs, and keep doing so")
    bodies.add_argument("image", **image)
    commands.add_parser("follow", help="what `bodies` leaves running")
    push = commands.add_parser("push", help="push an image as the new production and wait for what becomes of it")
    push.add_argument("image", **image)
    commands.add_parser("down", help="remove everything")
    commands.add_parser("status", help="say what runs")
    arguments = parser.parse_args()
    try:
        if arguments.command == "up":
            world = World(variables={"archive": True} | ({"nodes": 2, "database": "rds"} if arguments.group else {}))
            world.emulator = Emulator(arguments.emulator, arguments.python, world.folder)
            return command_up(world, arguments.image)
        if arguments.command == "emulator":
            return command_emulator(World(), arguments.emulator, arguments.python)
        if arguments.command == "bodies":
            return command_bodies(World(emulator=attached()), arguments.image)
        if arguments.command == "follow":
            return command_follow(World(emulator=attached()))
        if arguments.command == "push":
            return command_push(World(), arguments.image)
        return command_down(World()) if arguments.command == "down" else command_status(World())
    except Broken as broken:
        return fail(broken)


if __name__ == "__main__":
    sys.exit(main())

"""Rounds of faults that are drawn from a seed, under load all the time. After some rounds everything is compared."""

import random
import time

from group_world import LEASE_SECONDS

COMPARED_EVERY = 5
# How often each is drawn. Those of nodes befall one that nothing else has befallen in this round.
OF_NODES = {"killed": 4, "stopped": 3, "cut off from the engine": 3, "cut off from another": 2, "unplugged": 2, "ended": 2}
OF_THE_ENGINE = {"slow": 2, "hanging": 1, "refusing": 1, "answers lost": 2, "promoted": 2}


class Rounds:
    def __init__(self, world, seed):
        self.world, self.random, self.counts = world, random.Random(seed), {}
        self.seed = seed

    def run(self, count):
        done = 0
        while done < count:
            upto = min(count, done + COMPARED_EVERY)
            checker = self.world.checker
            with checker.load(f"rounds{done}", seed=self.seed) as load, checker.readers():
                for number in range(done, upto):
                    self.one(number, load)
            self.world.finish(full=upto == count)
            done = upto
        self.world.say(f"{len(self.world.checker.book.events)} events; {self.counts}")
        return True

    def one(self, number, load):
        nodes = list(self.world.group.nodes.values())
        self.random.shuffle(nodes)
        faults = [self.of_node(node) for node in nodes[: self.random.choice((0, 1, 1, 2))]]
        if not faults or self.random.random() < 0.35:
            faults.append(self.of_engine())
        lasts = self.random.uniform(0.5, 2.2 * LEASE_SECONDS)
        self.world.say(f"round {number}: {', '.join(what for what, _ in faults)}, for {lasts:.1f} s")
        time.sleep(lasts)
        for _, mend in faults:
            mend()
        # All is whole again: writes go on.
        load.first_after(time.monotonic(), 30)

    def drawn(self, rates):
        fault = self.random.choices(list(rates), list(rates.values()))[0]
        self.counts[fault] = self.counts.get(fault, 0) + 1
        return fault

    def of_node(self, node):
        """Begins it, and gives its name and what ends it."""
        network, fault = self.world.network, self.drawn(OF_NODES)
        what = f"{node.name} {fault}"
        if fault == "killed":
            node.kill()
            return what, lambda: node.start(ready=False)
        if fault == "stopped":
            node.stop()
            return what, node.go_on
        if fault == "ended":
            node.term()
            return what, lambda: node.start(ready=False)
        if fault == "unplugged":
            network.unplug(node.name)
            return what, lambda: network.plug(node.name)
        other = "front" if fault == "cut off from the engine" else self.random.choice([name for name in self.world.group.nodes if name != node.name])
        network.cut(node.name, other)
        return f"{what} ({other})", lambda: network.heal(node.name, other)

    def of_engine(self):
        proxy, pair, fault = self.world.proxy, self.world.pair, self.drawn(OF_THE_ENGINE)
        if fault == "promoted":
            pair.fail_over()
            return f"the engine {fault}", pair.mend
        begun, ended = {
            "slow": ({"delay_s": self.random.uniform(0.01, 0.15)}, {"delay_s": 0}), "hanging": ({"mode": "hang"}, {"mode": "pass"}),
            "refusing": ({"mode": "refuse"}, {"mode": "pass"}), "answers lost": ({"swallow": self.random.randint(1, 6)}, {"swallow": 0}),
        }[fault]
        proxy.told(**begun)
        return f"the engine {fault}", lambda: proxy.told(**ended)

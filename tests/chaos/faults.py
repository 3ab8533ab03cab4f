"""What chaos does to a stage, at random moments that follow from a seed."""
import heapq
import signal
import subprocess
import time
from collections import Counter

import cast
import disk
from cast import Failure

IO_EXIT = 125
FAULTS = {  # how often, beside the others
    "broker_kill": 6,
    "broker_power": 6,
    "broker_stop": 3,
    "broker_term": 2,
    "disk_full": 3,
    "write_fails": 2,
    "sync_fails": 3,
    "second_broker": 1,
    "worker_kill": 6,
    "worker_stop": 4,
    "worker_term": 4,
    "slot_kill": 4,
    "slot_stop": 3,
    "slot_halt": 3,
    "client_kill": 4,
    "client_stop": 4,
    "cut": 6,
}


class Faults:
    def __init__(self, stage, chance, kinds, new_client):
        self.stage, self.chance, self.new_client = stage, chance, new_client
        self.kinds = kinds
        self.counts = Counter()
        self.due = []  # (when, number, what)
        self.number = 0
        self.leaving = set()  # players that were told to end, or whose end is expected
        self.killed_clients = set()

    def later(self, after_s, what):
        self.number += 1
        heapq.heappush(self.due, (time.monotonic() + after_s, self.number, what))

    def log(self, text):
        with open(f"{self.stage.logs}/faults.log", "a", encoding="utf-8") as file:
            file.write(f"{time.time():.3f} {text}\n")

    def run(self, seconds):
        """Injects for so long, then heals everything."""
        end = time.monotonic() + seconds
        self.later(self.chance.uniform(0.3, 1.5), self._one)
        while time.monotonic() < end:
            self._turn()
        self.kinds = {}
        while self.due:
            self._turn()

    def _turn(self):
        if self.due and self.due[0][0] <= time.monotonic():
            heapq.heappop(self.due)[2]()
        self.watch()
        time.sleep(0.02)

    def watch(self):
        """Nobody ends who was not made to."""
        for player in [self.stage.broker, self.stage.proxy, *self.stage.workers, *self.stage.clients]:
            if player.process and not player.lives() and player not in self.leaving:
                raise Failure(f"{player.name} has ended by itself, code {player.code()}: {player.said()[-2000:]}")

    def _one(self):
        if not self.kinds:
            return
        kind = self.chance.choices(list(self.kinds), self.kinds.values())[0]
        if getattr(self, f"_{kind}")():
            self.counts[kind] += 1
        self.later(self.chance.uniform(0.1, 1.8), self._one)

    # ---- the broker --------------------------------------------------------------

    def _broker_away(self):
        broker = self.stage.broker
        return not broker.lives() or broker.stopped or broker in self.leaving

    def _restart_broker(self):
        self.stage.disk.order(disk.NOTHING)
        self.stage.start_broker()
        self.leaving.discard(self.stage.broker)

    def _broker_kill(self):
        if self._broker_away():
            return False
        self.log("broker killed")
        self.leaving.add(self.stage.broker)
        self.stage.broker.kill()
        self.later(self.chance.choice([0, 0, 0.3, 3]), self._restart_broker)
        return True

    def _broker_power(self):
        """The power fails in the middle of a write or a sync, if there is one soon."""
        if self._broker_away():
            return False
        broker = self.stage.broker
        seed = self.chance.choice([None, self.chance.randrange(1 << 30)])
        self.leaving.add(broker)
        self.stage.disk.order(self.chance.choice([disk.DIE, disk.DIE_TORN]), self.chance.randrange(1, 60))
        end = time.monotonic() + 2

        def look():
            if broker.lives() and time.monotonic() < end:
                self.later(0.02, look)
                return
            broker.kill()
            lost = self.stage.disk.lose_power(seed)
            self.log(f"power lost, and {lost} changes of the store's files")
            self.counts["unsynced changes dropped"] += lost
            self.later(self.chance.choice([0, 0, 0.3, 3]), self._restart_broker)

        look()
        return True

    def _stop(self, player, most_s):
        if not player.lives() or player.stopped or player in self.leaving:
            return False
        seconds = self.chance.uniform(0.05, most_s)
        self.log(f"{player.name} stopped for {seconds:.2f} s")
        player.stop()
        self.later(seconds, player.go_on)
        return True

    def _broker_stop(self):
        return not self._broker_away() and self._stop(self.stage.broker, 4)

    def _ends_well(self, player, then):
        code = player.code()
        if code is None:
            return False
        if code != 0:
            raise Failure(f"{player.name} was told to end and ends with {code}: {player.said()[-2000:]}")
        self.later(self.chance.choice([0, 0.5]), then)
        return True

    def _broker_term(self):
        if self._broker_away():
            return False
        broker = self.stage.broker
        self.log("broker told to end, twice")
        self.leaving.add(broker)
        broker.send(signal.SIGTERM)

        def look():
            if not self._ends_well(broker, self._restart_broker):
                broker.send(signal.SIGTERM)
                self.later(0.2, look)

        self.later(0.5, look)
        return True

    # ---- its disk ------------------------------------------------------------------

    def _disk(self, what, says):
        if self._broker_away():
            return False
        broker = self.stage.broker
        self.leaving.add(broker)
        self.stage.disk.order(what, self.chance.randrange(1, 40))
        end = time.monotonic() + 3

        def look():
            if broker.lives() and not self.stage.disk.fired() and time.monotonic() > end:
                self.stage.disk.order(disk.NOTHING)  # nothing was written; one that was under way may still have met it
                end_of_grace = time.monotonic() + 1
                self.later(0.1, lambda: settle(end_of_grace))
            elif broker.lives() and time.monotonic() > end + 20:
                raise Failure("the disk has failed, and the broker goes on")
            elif broker.lives():
                self.later(0.05, look)
            else:
                ended()

        def settle(until):
            if not broker.lives():
                ended()
            elif time.monotonic() > until:
                self.leaving.discard(broker)
            else:
                self.later(0.05, lambda: settle(until))

        def ended():
            said = broker.said()
            if broker.code() != IO_EXIT or self.stage.disk.store not in said or says not in said:
                raise Failure(f"the disk failed, and the broker ends with {broker.code()}: {said[-2000:]}")
            self.log(f"disk failed ({says}), broker has ended")
            self.later(self.chance.choice([0, 0.3]), self._restart_broker)

        self.later(0.05, look)
        return True

    def _disk_full(self):
        return self._disk(disk.DISK_FULL, "make room")

    def _write_fails(self):
        return self._disk(disk.WRITE_FAILS, "check the disk")

    def _sync_fails(self):
        return self._disk(disk.SYNC_FAILS, "check the disk")

    def _second_broker(self):
        """On the same store: it must refuse, and name who has it. (While the first one starts,
        either may be the one.)
        """
        if self._broker_away() or not self.stage.broker_is_ready():
            return False
        second = self.stage.second_broker()
        second.environment = {**second.environment, "LD_PRELOAD": ""}
        second.start()
        code = second.ends(10)
        if code is None:
            second.kill()
        if code != 69 or "is in use by process" not in second.said():
            raise Failure(f"a second broker on the store ends with {code}: {second.said()}")
        return True

    # ---- workers --------------------------------------------------------------------

    def _restart(self, player):
        player.start()
        self.leaving.discard(player)

    def _any_worker(self):
        worker = self.chance.choice(self.stage.workers)
        return worker if worker.lives() and not worker.stopped and worker not in self.leaving else None

    def _worker_kill(self):
        worker = self._any_worker()
        if not worker:
            return False
        self.log(f"{worker.name} killed")
        self.leaving.add(worker)
        worker.kill()
        self.later(self.chance.choice([0, 0.5, 2, 4]), lambda: self._restart(worker))
        return True

    def _worker_stop(self):
        worker = self._any_worker()
        return bool(worker) and self._stop(worker, 5)

    def _worker_term(self):
        worker = self._any_worker()
        if not worker:
            return False
        self.log(f"{worker.name} told to end")
        self.leaving.add(worker)
        worker.send(signal.SIGTERM)
        end = time.monotonic() + 10

        def look():
            if worker.lives() and time.monotonic() > end:
                worker.send(signal.SIGTERM)  # its broker may be away: the second one ends it at once
            if worker.lives():
                self.later(0.3, look)
                return
            self.log(f"{worker.name} has ended, {worker.code()}")
            self.later(self.chance.choice([0, 0.5]), lambda: self._restart(worker))

        self.later(0.3, look)
        return True

    def _any_slot(self):
        worker = self._any_worker()
        slots = cast.children_of(worker.process.pid, "cadre-slot") if worker else []
        return self.chance.choice(slots) if slots else None

    def _signal(self, pid, number):
        subprocess.run(["kill", f"-{number}", str(pid)], check=False, stderr=subprocess.DEVNULL)

    def _slot_kill(self):
        slot = self._any_slot()
        if not slot:
            return False
        self.log(f"slot {slot} killed")
        self._signal(slot, 9)
        return True

    def _slot_stop(self):
        slot = self._any_slot()
        if not slot:
            return False
        self._signal(slot, "STOP")
        self.later(self.chance.uniform(0.05, 3), lambda: self._signal(slot, "CONT"))
        return True

    def _slot_halt(self):
        """For so long that its worker replaces it, when it has something to do."""
        slot = self._any_slot()
        if not slot:
            return False
        self.log(f"slot {slot} stopped for good")
        self._signal(slot, "STOP")
        self.later(8, lambda: self._signal(slot, "CONT"))  # one that its worker has left behind ends then
        return True

    # ---- clients and wires ------------------------------------------------------------

    def _client_kill(self):
        index = self.chance.randrange(len(self.stage.clients))
        client = self.stage.clients[index]
        if not client.lives() or client.stopped or client in self.leaving:
            return False
        self.log(f"{client.name} killed")
        self.killed_clients.add(client.name)
        client.kill()
        self.stage.clients[index] = self.new_client(index)
        return True

    def _client_stop(self):
        return self._stop(self.chance.choice(self.stage.clients), 4)

    def _cut(self):
        self.log(f"cut {self.stage.cut()} connections")
        return True

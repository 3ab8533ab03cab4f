"""Broker, workers and clients of a chaos run, on one disk of their own."""
import json
import os
import subprocess
import time

from cast import Failure, Player, free_block, wait_for
from disk import Disk

BEAT, LOST = "200ms", "2s"
WORKERS = 3
SLOTS = 2
PORTS = (29200, 31000)  # 12 blocks, beyond those of other tests and below those that the system gives away


class Stage:
    def __init__(self, build, root):
        self.build, self.root = build, root
        for name in ("log", "run", "tmp", "home", "told"):
            os.makedirs(os.path.join(root, name), mode=0o700)
        self.logs = os.path.join(root, "log")
        self.told = os.path.join(root, "told")
        self.trace = os.path.join(root, "trace")
        self.disk = Disk(root, os.path.join(build, "tests/chaos/chaos_disk.so"))
        self.port = free_block(*PORTS, 150)
        self.ipc = f"ipc://{root}/run/broker"
        self.tcp = f"tcp://127.0.0.1:{self.port}"
        self.far = f"tcp://127.0.0.2:{self.port}"  # through the proxy
        self.environment = {
            "PATH": f"{build}/bin:{os.environ.get('PATH', '/usr/bin:/bin')}",
            "CADRE_LIBEXEC": f"{build}/bin",
            "XDG_RUNTIME_DIR": f"{root}/run",
            "XDG_STATE_HOME": f"{root}/home",
            "HOME": f"{root}/home",
            "TMPDIR": f"{root}/tmp",
            "LC_ALL": "C.UTF-8",
        }
        self.broker = self._broker("broker", self.port, self.ipc, self.port + 100)
        self.proxy = self._player("proxy", [f"{build}/tests/chaos/chaos_proxy", str(self.port), "40"])
        self.workers = [self._worker(i) for i in range(WORKERS)]
        self.clients = []
        self.broker_starts = 0

    def _player(self, name, argv, extra=None):
        return Player(name, argv, self.logs, {**self.environment, **(extra or {})})

    def _broker(self, name, port, ipc, lanes):
        argv = [os.environ.get("CHAOS_BROKER") or f"{self.build}/bin/cadre-broker", "--listen", f"tcp://127.0.0.1:{port}", "--listen", ipc]
        argv += ["--lanes", f"{lanes}-{lanes + 39}", "--store", self.disk.store, "--beat", BEAT, "--lost", LOST]
        return self._player(name, argv, self.disk.environment())

    def _worker(self, number):
        address = (self.far, self.tcp, self.ipc)[number % 3]
        argv = [f"{self.build}/bin/cadre-worker", "--broker", address, "--name", f"worker{number}"]
        argv += ["--slots", str(SLOTS), "--plugin", f"{self.build}/plugins/chaos.so"]
        return self._player(f"worker{number}", argv)

    def client(self, mode, name, address, seed):
        argv = [f"{self.build}/tests/chaos/chaos_load", mode, address, f"{self.told}/{name}", self.trace, name, str(seed)]
        return self._player(name, argv)

    def second_broker(self):
        return self._broker("second", self.port + 10, f"{self.ipc}2", self.port + 60)

    # ---- the broker ------------------------------------------------------------

    def start_broker(self):
        self.disk.settle()
        self.broker.start()
        self.broker_starts += 1

    def broker_is_ready(self):
        return self.broker.lives() and "ready at" in self.broker.said()

    def start(self):
        self.proxy.start(subprocess.PIPE, subprocess.PIPE)
        if self.proxy.process.stdout.readline() != b"ready\n":
            raise Failure(f"the proxy does not start: {self.proxy.said()}")
        self.start_broker()
        wait_for(self.broker_is_ready, 20, lambda: f"the broker does not start: {self.broker.said()}")
        for worker in self.workers:
            worker.start()
        wait_for(lambda: self.info().get("slots") == WORKERS * SLOTS, 30, "not all workers have come")

    def cut(self):
        """All connections through the proxy; says how many there were."""
        self.proxy.process.stdin.write(b"cut\n")
        self.proxy.process.stdin.flush()
        return int(self.proxy.process.stdout.readline())

    # ---- questions ---------------------------------------------------------------

    def cadre(self, *words, within_s=30):
        """What `cadre WORDS` prints; None when it fails."""
        argv = [f"{self.build}/bin/cadre", *words, "--broker", self.ipc]
        try:
            done = subprocess.run(argv, env=self.environment, capture_output=True, timeout=within_s, check=False, text=True)
        except subprocess.TimeoutExpired:
            return None
        if done.returncode != 0:
            with open(os.path.join(self.logs, "cadre.log"), "a", encoding="utf-8") as log:
                log.write(f"{' '.join(words)}: {done.returncode}: {done.stderr}\n")
            return None
        return done.stdout

    def info(self):
        text = self.cadre("broker", "info", "-o", "json")
        return json.loads(text) if text else {}

    def jobs(self):
        text = self.cadre("job", "list", "-o", "json")
        if text is None:
            raise Failure("cadre job list fails: see log/cadre.log")
        return json.loads(text)

    def forget_all(self):
        """Cancels and forgets every job that there is."""
        for job in self.jobs():
            self.cadre("job", "cancel", str(job["job"]))
        end = time.monotonic() + 60
        while True:
            left = self.jobs()
            for job in left:
                self.cadre("job", "forget", str(job["job"]))
            if not left:
                return
            if time.monotonic() > end:
                raise Failure(f"jobs that cannot be forgotten: {left[:3]}")
            time.sleep(0.1)

"""The processes of a chaos run: all are children of the one that runs this, and it adopts what
they leave behind.
"""
import ctypes
import os
import signal
import socket
import subprocess
import time

PR_SET_CHILD_SUBREAPER = 36


CLAIMS = []


class Failure(Exception):
    """What chaos was looking for."""


def adopt_orphans():
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def processes():
    """Of this machine: (pid, parent, name)."""
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as file:
                text = file.read()
        except OSError:
            continue
        rest = text[text.rindex(")") + 2 :].split()
        yield int(entry), int(rest[1]), text[text.index("(") + 1 : text.rindex(")")], rest[0]


def children_of(pid, name=None):
    return sorted(child for child, parent, what, state in processes() if parent == pid and name in (None, what) and state != "Z")


def free_block(first, last, step):
    """The first port of a block that nobody uses: front, back, sink, and lanes from 100 on. A name
    holds it against another run, as long as this one lives.
    """
    for port in range(first, last, step):
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0cadre-chaos-{port}")
            for number in [*range(port, port + 3), *range(port + 100, port + 140)]:
                for host in ("127.0.0.1", "127.0.0.2"):
                    with socket.socket() as one:
                        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                        one.bind((host, number))
            CLAIMS.append(claim)
            return port
        except OSError:
            continue
    raise SystemExit(f"chaos: no free block of ports between {first} and {last}")


class Player:
    """A process that may be killed, stopped, and started again; its words are appended to one log.
    """

    def __init__(self, name, argv, folder, environment):
        self.name, self.argv, self.environment = name, argv, environment
        self.log = os.path.join(folder, f"{name}.log")
        self.process = None
        self.stopped = False
        self.starts = 0

    def start(self, stdin=subprocess.DEVNULL, stdout=None):
        self.starts += 1
        with open(self.log, "ab") as log:
            log.write(f"---- start {self.starts}\n".encode())
            log.flush()
            self.process = subprocess.Popen(self.argv, stdin=stdin, stdout=stdout or log, stderr=log, env=self.environment)

    def lives(self):
        return self.process is not None and self.process.poll() is None

    def code(self):
        """The exit code, or minus the signal; None while it lives."""
        return self.process.poll() if self.process else None

    def send(self, number):
        if self.lives():
            self.process.send_signal(number)

    def kill(self):
        self.send(signal.SIGKILL)
        self.process.wait()
        self.stopped = False

    def stop(self):
        self.send(signal.SIGSTOP)
        self.stopped = True

    def go_on(self):
        self.send(signal.SIGCONT)
        self.stopped = False

    def ends(self, within_s):
        try:
            return self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            return None

    def said(self):
        """Since its last start."""
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read().rsplit("---- start ", 1)[-1]

    def memory_kib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


def wait_for(condition, within_s, what):
    end = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > end:
            raise Failure(what() if callable(what) else what)
        time.sleep(0.02)

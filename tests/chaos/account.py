"""What clients were told and what ran, against what must have been."""
import os
import re
from collections import defaultdict


class Job:
    def __init__(self, recipe, client):
        self.recipe, self.client = recipe, client
        self.name, self.deed, count, _ = recipe.split()
        self.count = int(count)
        self.number = None  # of the last acknowledgement; 0: attached
        self.ended = self.gone = self.forgetting = self.refused = False
        self.attempts = {}  # by index, of the results
        self.spoilt = set()  # indexes of tasks that a slot or worker took with it


class Account:
    def __init__(self):
        self.jobs = {}
        self.items = 0
        self.faults = []  # lines that should not be
        self.lost = self.twice = self.killed = 0

    def read(self, path):
        """Of one client; a line without end was being written when it was killed."""
        client = os.path.basename(path)
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.endswith("\n"):
                    self._take(client, line.rstrip("\n"), line.split())

    def _take(self, client, line, words):
        what, name = words[0], words[1]
        job = self.jobs.get(name)
        if what == "open":
            self.jobs[name] = Job(line.removeprefix("open "), client)
        elif what == "acked":
            job.number = int(words[2])
        elif what == "result":
            job.attempts.setdefault(int(words[2]), int(words[3]))
            if words[4] == "killed":
                self.killed += 1
                job.spoilt.add(int(words[2]))
        elif what == "end":
            job.ended = True
        elif what == "gone":
            job.gone = True
            if client.startswith(("durable", "attached", "map")):
                self.faults.append(f"{client}: a broker has lost what must outlive it: {line}")
        elif what == "forgetting":
            job.forgetting = True
        elif what == "refused" and job:
            job.refused = True
        elif what == "items":
            self.items += int(name)
        elif what == "lost":
            self.lost += 1
        elif what == "twice":
            self.twice += 1
        elif what in ("wrong", "failed"):
            self.faults.append(f"{client}: {line}")

    # ---- judgement -----------------------------------------------------------------

    def all_is_forgotten(self):
        for job in self.jobs.values():
            job.forgetting = True

    def durable(self):
        """Acknowledged, and nobody has forgotten them."""
        return [job for job in self.jobs.values() if job.client.startswith("durable") and job.number and not job.forgetting]

    def detached(self):
        return [job for job in self.jobs.values() if job.client.startswith("detached") and job.number and not job.forgetting and not job.gone]

    def unfinished(self, killed_clients):
        """Attached jobs whose client lives, without all of their results."""
        return [job for job in self.jobs.values() if job.client.startswith("attached") and job.client not in killed_clients and not job.ended and not job.refused]

    def tasks(self):
        """Tasks whose result somebody was given."""
        return sum(len(job.attempts) for job in self.jobs.values()) + self.items

    def _read_runs(self, trace):
        """Attempts by task. A lease that may be given twice is sent before it is on the disk: a
        broker that ends in between takes the result of the one
        before, if that still comes. But nothing runs again once anybody was told its result."""
        runs, told = defaultdict(list), {}
        with open(trace, encoding="utf-8", errors="replace") as file:
            for line in file:
                match = re.fullmatch(r"(told )?(\S+) (\d+) (\d+)( \d+)?\n", line)
                if not match:
                    continue
                task, attempt = (match[2], int(match[3])), int(match[4])
                if match[1]:
                    told.setdefault(task, attempt)
                    continue
                runs[task].append(attempt)
                if task[0].startswith("durable") and attempt > told.get(task, attempt):
                    self.faults.append(f"{task[0]} {task[1]} ran again (attempt {attempt}) after its result, of attempt {told[task]}, was told")
        return runs

    def judge_runs(self, trace):
        """Runs beyond a task's first one; and those that should not have been."""
        runs = self._read_runs(trace)
        for (name, index), attempts in runs.items():
            job = self.jobs.get(name)
            if not job:
                self.faults.append(f"a task of a job that nobody opened has run: {name} {index}")
                continue
            if job.deed in ("once", "brittle") and job.client.startswith("durable") and len(attempts) > 1:
                self.faults.append(f"{name} {index} must not run twice, and did: attempts {attempts}")
        for job in self.jobs.values():
            for index in job.attempts:
                if index not in job.spoilt and (job.name, index) not in runs:
                    self.faults.append(f"{job.name} {index} has a result and never ran")
        return sum(len(attempts) for attempts in runs.values()) - len(runs)

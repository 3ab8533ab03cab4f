"""The disk below a broker under test: orders for disk_shim.c, and what a loss of power leaves of
the store's files.
"""
import mmap
import os
import random
import struct

NOTHING, DISK_FULL, WRITE_FAILS, SYNC_FAILS, DIE, DIE_TORN = range(6)
WRITE, TRUNCATE, SYNC, RENAME = 1, 2, 3, 4
ORDERS = struct.Struct("=IIII")
CHANGE = struct.Struct("=IIQQII")


class Disk:
    """A folder for the shim and a folder for the store."""

    def __init__(self, root, shim):
        self.folder = os.path.join(root, "disk")
        self.store_folder = os.path.join(root, "store")
        self.store = os.path.join(self.store_folder, "log")
        self.shim = shim
        os.makedirs(self.folder)
        os.makedirs(self.store_folder)
        path = os.path.join(self.folder, "orders")
        with open(path, "wb") as file:
            file.write(bytes(ORDERS.size))
        with open(path, "r+b") as file:
            self.orders = mmap.mmap(file.fileno(), ORDERS.size)
        self.forget()

    def environment(self):
        return {"LD_PRELOAD": self.shim, "CHAOS_DISK": self.folder, "CHAOS_STORE": self.store_folder}

    def order(self, what, at=1):
        """From the operation number `at` on (the next one is 1), or at it, this happens."""
        ORDERS.pack_into(self.orders, 0, NOTHING, at, 0, 0)
        ORDERS.pack_into(self.orders, 0, what, at, 0, 0)

    def count(self):
        return ORDERS.unpack_from(self.orders, 0)[2]

    def fired(self):
        return ORDERS.unpack_from(self.orders, 0)[3]

    def forget(self):
        with open(os.path.join(self.folder, "pending"), "wb"):
            pass

    def _changes(self):
        with open(os.path.join(self.folder, "pending"), "rb") as file:
            data = file.read()
        at = 0
        while at + CHANGE.size <= len(data):
            kind, path_size, offset, file_size, old_size, new_size = CHANGE.unpack_from(data, at)
            at += CHANGE.size
            end = at + path_size + old_size + new_size
            if end > len(data):
                break  # killed while it noted this one, which was not done therefore
            path = data[at : at + path_size].decode()
            old = data[at + path_size : end - new_size]
            yield kind, path, offset, file_size, old, data[end - new_size : end]
            at = end

    def _pending(self):
        """Changes that are not synced, by file."""
        pending = {}
        for change in self._changes():
            kind, path, new = change[0], change[1], change[5]
            if kind == SYNC:
                pending.pop(path, None)
            elif kind == RENAME:
                pending[new.decode()] = pending.pop(path, [])
            else:
                pending.setdefault(path, []).append(change)
        return pending

    def settle(self):
        """Before another process: what this one did not sync may still be lost, and a note that it
        was killed over goes.
        """
        pending = self._pending()
        with open(os.path.join(self.folder, "pending"), "wb") as file:
            for changes in pending.values():
                for kind, path, offset, file_size, old, new in changes:
                    file.write(CHANGE.pack(kind, len(path.encode()), offset, file_size, len(old), len(new)))
                    file.write(path.encode() + old + new)

    def lose_power(self, seed=None):
        """Takes back what was not synced; with a seed, some of it had reached the disk, maybe a
        write by half. Returns how many changes there were.
        """
        lost = 0
        for path, changes in self._pending().items():
            if os.path.exists(path):
                self._take_back(path, changes, random.Random(seed) if seed is not None else None)
                lost += len(changes)
        self.forget()
        shared = self.store + "-shm"
        if os.path.exists(shared):
            os.unlink(shared)
        return lost

    @staticmethod
    def _take_back(path, changes, chance):
        with open(path, "r+b", buffering=0) as file:
            for _, _, offset, file_size, old, _ in reversed(changes):
                file.seek(offset)
                file.write(old)
                file.truncate(file_size)
            for kind, _, offset, _, _, new in changes if chance else ():
                if chance.random() < 0.5:
                    continue
                if kind == TRUNCATE:
                    file.truncate(offset)
                    continue
                size = len(new) if chance.random() < 0.7 else chance.randrange(len(new) + 1)
                file.seek(offset)
                file.write(new[:size])

#!/usr/bin/env python3
"""A program that serves functions badly, in the way that its first argument names
(tests/unit/worker/runner/program_test.c).
"""
import os, signal, struct, sys

how = sys.argv[1]

VALUES = {
    "ext2": b"\xd7\x02" + struct.pack(">Q", 12345),
    "ext9": b"\x94\x01\x02\x03\x81\xa4name\xd4\x09\x01",
    "deep": b"\x91" * 21 + b"\xc0",
    "deeper": b"\x91" * 500 + b"\xc0",
    "text": b"\x81\xa4name\xa3\xff\xfe\xfd",
    "key": b"\x91\x81\xc0\x01",
    "keys": b"\x81\x01\xa3one",
    "deepest": b"\x91" * 20 + b"\xc0",
}


def send(body):
    sys.stdout.buffer.write(struct.pack(">I", len(body)) + body)
    sys.stdout.buffer.flush()


def receive():
    head = sys.stdin.buffer.read(4)
    return len(head) == 4 and sys.stdin.buffer.read(struct.unpack(">I", head)[0])


if how == "silent-end":
    sys.exit(0)
if how == "prints":
    print("Hello, I am a program that prints something before it serves")
    sys.exit(0)
if how == "no-hello":
    send(b"\x93\xa5other\x01\x90")
if how == "nil":
    send(b"\x93\xa5cadre\x01\x91\x93\xa3odd\xc0\xc0")
else:
    send(b"\x93\xa5cadre\x01\x91\x91\xa3odd")
while call := receive():
    id = call[1:2]
    if how == "crash":
        os.kill(os.getpid(), signal.SIGUSR1)
    if how == "exit":
        os._exit(5)
    if how == "end":
        os._exit(0)
    if how == "garbled":
        send(b"\xc1")
    if how == "huge":
        sys.stdout.buffer.write(b"\xff\xff\xff\xff")
        sys.stdout.buffer.flush()
    if how == "wrong-id":
        send(b"\x93\x7f\xa2ok\xc0")
    if how == "cut":
        send(b"\x93\x01\xa2ok")
    if how == "nil":
        send(b"\x93" + id + b"\xa2ok\x01")
    if how == "twice":
        answers = [b"\x93" + id + b"\xa2ok\x01", b"\x93" + id + b"\xa2ok\x02"]
        sys.stdout.buffer.write(b"".join(struct.pack(">I", len(one)) + one for one in answers))
        sys.stdout.buffer.flush()
    if how == "late":
        late = bytes([call[1] - 1])
        send(b"\x93" + late + b"\xa3log\xa4late")
        send(b"\x93" + late + b"\xa7partial\x02")
        send(b"\x93" + id + b"\xa2ok\x01")
    if how in VALUES:
        send(b"\x93" + id + b"\xa2ok" + VALUES[how])
    if how == "odd-partial":
        send(b"\x93" + id + b"\xa7partial\x91\xd4\x09\x01")
        send(b"\x93" + id + b"\xa2ok\x01")
    if how == "large-partial":
        send(b"\x93" + id + b"\xa7partial\xc6" + struct.pack(">I", 400000) + bytes(400000))
        send(b"\x93" + id + b"\xa2ok\x01")
    if how == "odd-texts":
        send(b"\x93" + id + b"\xa3log\xa2\xfex")
        send(b"\x94" + id + b"\xa8progress\x01\xa2\xfey")
        send(b"\x95" + id + b"\xa5error\xa2\xfek\xa2\xfem\xa2\xfet")
    if how == "hangs":
        send(b"\x93" + id + b"\xa3log\xa4here")
        signal.pause()
    if how == "talks":
        send(b"\x93" + id + b"\xa3log\xa4line")
        send(b"\x94" + id + b"\xa8progress\xcb\x3f\xe0\0\0\0\0\0\0\xa4half")
        send(b"\x93" + id + b"\xa7partial\x91\x09")
        send(b"\x94" + id + b"\xa2ok\xa4done\xa5extra")
    if how == "fails":
        send(b"\x94" + id + b"\xa5error\xa5range\xa9too large")

#!/usr/bin/env python3
"""A program that serves functions badly, in the way that its first argument names (tests/unit/program_test.c)."""
import os, signal, struct, sys

how = sys.argv[1]


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

"""Serves functions to cadre over stdin and stdout with nothing but Python's own library (see
worker/PROGRAM.md).
   The upper half is msgpack; with a package for that, serve is all that is left."""
import struct, sys, traceback

def pack(v):
    if v is None or isinstance(v, bool): return {None: b"\xc0", False: b"\xc2", True: b"\xc3"}[v]
    if isinstance(v, int): return b"\xd3" + struct.pack(">q", v) if v < 0 else b"\xcf" + struct.pack(">Q", v)
    if isinstance(v, float): return b"\xcb" + struct.pack(">d", v)
    if isinstance(v, str): return b"\xdb" + struct.pack(">I", len(v.encode())) + v.encode()
    if isinstance(v, bytes): return b"\xc6" + struct.pack(">I", len(v)) + v
    if isinstance(v, dict): return b"\xdf" + struct.pack(">I", len(v)) + b"".join(pack(k) + pack(x) for k, x in v.items())
    return b"\xdd" + struct.pack(">I", len(v)) + b"".join(map(pack, v))

SIZED = {0xc4: ">B", 0xc5: ">H", 0xc6: ">I", 0xd9: ">B", 0xda: ">H", 0xdb: ">I", 0xdc: ">H", 0xdd: ">I", 0xde: ">H", 0xdf: ">I"}
FIXED = {0xca: ">f", 0xcb: ">d", 0xcc: ">B", 0xcd: ">H", 0xce: ">I", 0xcf: ">Q", 0xd0: ">b", 0xd1: ">h", 0xd2: ">i", 0xd3: ">q"}

def unpack(b, at=0):
    """The value at that place, and the place behind it."""
    head, at = b[at], at + 1
    if head < 0x80: return head, at
    if head >= 0xe0: return head - 256, at
    if head in (0xc0, 0xc2, 0xc3): return {0xc0: None, 0xc2: False, 0xc3: True}[head], at
    if head in FIXED: return struct.unpack_from(FIXED[head], b, at)[0], at + struct.calcsize(FIXED[head])
    if head < 0xc0: kind, n = ("map", "list", "str", "str")[(head >> 4) - 8], head & (0x1f if head >= 0xa0 else 0x0f)
    else:
        kind = "bin" if head < 0xc7 else "str" if head < 0xdc else "list" if head < 0xde else "map"
        n, at = struct.unpack_from(SIZED[head], b, at)[0], at + struct.calcsize(SIZED[head])
    if kind in ("str", "bin"): return (b[at:at + n].decode() if kind == "str" else b[at:at + n]), at + n
    items = []
    for _ in range(n * (2 if kind == "map" else 1)):
        item, at = unpack(b, at)
        items.append(item)
    return (dict(zip(items[::2], items[1::2])) if kind == "map" else items), at

def send(*message):
    body = pack(message)
    sys.stdout.buffer.write(struct.pack(">I", len(body)) + body)
    sys.stdout.buffer.flush()

def serve(functions):
    """functions: name to (function, types of its arguments, what it does); returns when cadre has
    closed stdin.
    """
    send("cadre", 1, [[name, takes, says] for name, (_, takes, says) in functions.items()])
    while len(head := sys.stdin.buffer.read(4)) == 4:
        call, _ = unpack(sys.stdin.buffer.read(struct.unpack(">I", head)[0]))
        try: send(call[0], "ok", functions[call[1]][0](*call[2]))
        except Exception as e: send(call[0], "error", type(e).__name__, str(e), traceback.format_exc())

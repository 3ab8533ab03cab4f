"""What the checks of tests/lint share: the project's files, and what their objects define and
call.
"""

import os
import re
import subprocess
import sys

FOLDERS = ("common", "broker", "worker", "client", "tests")

#  Functions of the C library that cadre-broker has its own of: who calls them means the library's.
STANDS_BEFORE = {"accept4", "recv", "epoll_ctl"}
INCLUDE = re.compile(r'[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]')


class Faults:
    """Prints one line per fault; the exit code is 1 if there was one."""

    def __init__(self, check):
        self.check, self.count = check, 0

    def add(self, text):
        print(text)
        self.count += 1

    def end(self, looked_at, what):
        """Says how much was looked at. Nothing is a fault."""
        if not looked_at:
            self.add(f"{self.check}: looked at no {what}")
        print(f"{self.check}: {looked_at} {what}, {self.count} faults")
        sys.exit(1 if self.count else 0)


def files(root, endings=(".c", ".h")):
    """The C files of the project, sorted, as paths from the root."""
    found = []
    for top in FOLDERS:
        for folder, _, names in os.walk(os.path.join(root, top)):
            found += [os.path.relpath(os.path.join(folder, name), root) for name in names if name.endswith(endings)]
    return sorted(found)


def lines(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read().split("\n")


def includes(root, path):
    """(line number, kind of quote, target) of each #include."""
    for number, line in enumerate(lines(root, path), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1), match.group(2)


def is_product(path):
    return not path.startswith(("tests/", "client/examples/"))


def objects(root, build):
    """{source: (symbols it defines, symbols it needs)} of the product, from the objects of a build
    tree.
    """
    paths = {}
    for folder, _, names in os.walk(build):
        match = re.match(r"(.*?)/?CMakeFiles/[^/]+\.dir/(.*)$", os.path.relpath(folder, build) + "/")
        for name in names if match else ():
            source = os.path.normpath(os.path.join(match.group(1), match.group(2), name[:-2]))
            if name.endswith(".c.o") and is_product(source) and os.path.exists(os.path.join(root, source)):
                paths[os.path.join(folder, name)] = source
    found = {source: (set(), set()) for source in paths.values()}
    for path, words in symbols(list(paths)):
        defined, needed = found[paths[path]]
        if len(words) == 3 and words[1] in "TDBRV" and words[2] != "main":
            defined.add(words[2])
        elif len(words) == 2 and words[0] == "U":
            needed.add(words[1])
    return found


def symbols(paths):
    """(object, words of its line) of each symbol, as nm says it."""
    if paths:
        output = subprocess.run(["nm", "-A", *paths], check=True, capture_output=True, text=True).stdout
        for line in output.splitlines():
            path, _, rest = line.partition(":")
            yield path, rest.split()


def calls(found):
    """{(source, source): symbols}: who reaches whom."""
    home = {symbol: source for source, (defined, _) in found.items() for symbol in defined}
    edges = {}
    for source, (_, needed) in found.items():
        for symbol in needed - STANDS_BEFORE:
            if home.get(symbol, source) != source:
                edges.setdefault((source, home[symbol]), set()).add(symbol)
    return edges


def circles(edges):
    """The sets of nodes that reach each other, by the pairs of `edges` (Tarjan, SIAM J. Comput.
    1972).
    """
    after = {}
    for one, other in edges:
        after.setdefault(one, set()).add(other)
        after.setdefault(other, set())
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(after[node]):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            circle = stack[stack.index(node):]
            del stack[stack.index(node):]
            if len(circle) > 1:
                found.append(sorted(circle))

    sys.setrecursionlimit(10000)
    for node in sorted(after):
        if node not in index:
            visit(node)
    return found

"""Python's multiprocessing.Pool with large values, two workers: there, there and back.

SIZE COUNT: bytes objects of that size, so many of them in a map.
"""
import multiprocessing
import sys
import time


def size(data):
    return len(data)


def same(data):
    return data


def main():
    length, count = int(sys.argv[1]), int(sys.argv[2])
    with multiprocessing.Pool(2) as pool:
        items = [bytes([i % 256]) * length for i in range(count)]  # Not one that is pickled once
        pool.map(size, items)
        for name, function in (("there", size), ("back", same)):
            start = time.perf_counter()
            results = pool.map(function, items)
            elapsed = time.perf_counter() - start
            assert len(results) == count
            print(f"{name} {length * count / 1e6 / elapsed:.3f}")


if __name__ == "__main__":
    main()

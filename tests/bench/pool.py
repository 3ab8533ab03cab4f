"""Python's multiprocessing.Pool at the same work, two workers: map over a million integers, and
single calls.
"""
import multiprocessing
import time


def square(n):
    return n * n


def percentiles(name, samples):
    samples.sort()
    print(f"{name}_p50 {samples[len(samples) // 2]:.3f}")
    print(f"{name}_p99 {samples[len(samples) * 99 // 100]:.3f}")


def main():
    with multiprocessing.Pool(2) as pool:
        pool.map(square, range(100))
        items = list(range(1_000_000))
        start = time.perf_counter()
        results = pool.map(square, items)
        print(f"pool_map {len(items) / (time.perf_counter() - start):.3f}")
        assert results == [n * n for n in items]
        items = items[:100_000]
        start = time.perf_counter()
        pool.map(square, items, chunksize=1)
        print(f"pool_map1 {len(items) / (time.perf_counter() - start):.3f}")
        samples = []
        for n in range(5000):
            start = time.perf_counter()
            assert pool.apply(square, (n,)) == n * n
            samples.append((time.perf_counter() - start) * 1e6)
        percentiles("pool_apply", samples)


if __name__ == "__main__":
    main()

"""`make flaky`: run tests many times under load, in a different order each time, to find races.

It runs tests that changed since BASE and those in TESTS, or everything if there are none. The first
failure ends it with exit code 1 and the seed that repeats the same order.
"""

from __future__ import annotations

import argparse
import os
import random
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUSY = 2
"""Number of processes that compute during the tests, so that each test gets half a processor."""

LOAD = """
import os, sys
parent = int(sys.argv[1])
while os.getppid() == parent:
    sum(range(200_000))
"""


@contextmanager
def load(processes: int = BUSY) -> Iterator[None]:
    """Run processes that compute until the block, or this process, ends."""
    command = [sys.executable, "-c", LOAD, str(os.getpid())]
    busy = [subprocess.Popen(command) for _ in range(processes)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def git(*arguments: str) -> list[str]:
    """Return the lines that git prints, or none without a repository or the revision."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.splitlines() if done.returncode == 0 else []


def base() -> str:
    """Return the revision to compare with: the merge base or the previous commit."""
    (common,) = git("merge-base", "HEAD", "origin/main") or [""]
    is_new = common and (git("diff", "--name-only", common) or untracked())
    return common if is_new else "HEAD~1"


def untracked() -> list[str]:
    """Return the untracked files."""
    return git("ls-files", "--others", "--exclude-standard")


def changed(since: str) -> list[str]:
    """Return the tests to run: changed test files, and the whole folder of a changed helper."""
    names = git("diff", "--name-only", "--diff-filter=d", since) + untracked()
    found = set()
    for path in map(Path, names):
        if path.parts[:2] == ("js", "tests"):
            found.add(path if path.name.endswith(".test.ts") else Path("js/tests"))
        elif path.parts[0] == "tests" or path.parts[:2] == ("docs", "providers"):
            found.add(path if path.match("test_*.py") else path.parent)
    return sorted(str(path) for path in found if path.is_file() or any(path.rglob("*test*.*")))


def commands(tests: Sequence[str], seed: int) -> Iterator[tuple[list[str], Path]]:
    """Yield the commands of one round, with their folders."""
    in_pages = [Path(test).relative_to("js") for test in tests if test.startswith("js/")]
    in_python = [test for test in tests if not test.startswith("js/")]
    if in_python or not tests:
        ordered = ["--random-order-bucket=module", f"--random-order-seed={seed}"]
        yield ["pytest", "-x", "-q", "-n", "2", "--dist", "loadfile", *ordered, *in_python], ROOT
    if in_pages or not tests:
        ordered = ["--bail=1", "--sequence.shuffle", f"--sequence.seed={seed}"]
        yield ["npx", "vitest", "run", *ordered, *map(str, in_pages)], ROOT / "js"


def main() -> int:
    """Run all rounds, and return the exit code."""
    parser = argparse.ArgumentParser(prog="tests/flaky", description=__doc__)
    parser.add_argument("--times", type=int, default=10, help="rounds (default: %(default)s)")
    parser.add_argument("--base", default="", help="revision to compare with")
    parser.add_argument("--seed", type=int, help="seed of the first round's order")
    parser.add_argument("tests", nargs="*", help="files, folders or tests, beside what changed")
    reported = parser.parse_args()
    # a seed repeats a round: with the tests that it names, whatever has changed since
    names = [] if reported.seed is not None and reported.tests else changed(reported.base or base())
    tests = sorted({*names, *reported.tests})
    seed = random.SystemRandom().randrange(10**6) if reported.seed is None else reported.seed
    print("Tests:", " ".join(tests) or "all", flush=True)
    with load():
        for n, round_seed in enumerate(range(seed, seed + reported.times), 1):
            print(f"Round {n} of {reported.times}, seed {round_seed}", flush=True)
            for command, folder in commands(tests, round_seed):
                if (code := subprocess.run(command, cwd=folder).returncode) != 0:
                    again = f"SEED={round_seed} N=1"
                    if tests:
                        again += f" TESTS={shlex.quote(' '.join(tests))}"
                    print(f"Failed ({code}). The same order again: make flaky {again}")
                    return 1
    print(f"{reported.times} rounds without a failure.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`make pythons`: the suite's core on every other Python from 3.11 on, on PATH or from pyenv.

Each has a separate environment. Arguments select versions, such as 3.13; the default is all. Hosts,
pages and packages are left to `make test`, because they need a browser, node and the
documentation's tools.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENVIRONMENTS = ROOT / ".venv" / "pythons"
WHEELS = ROOT / ".venv" / "wheels"
MINORS = range(11, 30)
LEFT_OUT = ("tests/docs", "tests/hosts", "tests/notebooks", "tests/packages")
VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"


def main(wanted: Sequence[str]) -> int:
    """Test on each version, and return the exit code."""
    found = dict(installed())
    if missing := set(wanted) - set(found):
        print(f"Not installed: {', '.join(sorted(missing))}. There are: {', '.join(found)}.")
        return 2
    outcomes = {version: tested(version, found[version]) for version in wanted or found}
    for version, is_well in outcomes.items():
        print(f"Python {version}: {'ok' if is_well else 'FAILED'}")
    if not outcomes:
        print("No other Python from 3.11 on is installed.")
    return 0 if all(outcomes.values()) else 1


def installed() -> Iterator[tuple[str, str]]:
    """Version and path of each Python that is not this one's version."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for minor in MINORS:
        version = f"3.{minor}"
        candidates = [shutil.which(f"python{version}")]
        candidates += sorted(pyenv.glob(f"{version}.*/bin/python"), reverse=True)
        if sys.version_info[:2] != (3, minor):
            found = next((str(p) for p in candidates if p and says(p) == version), None)
            if found:
                yield version, found


def says(python: str | Path) -> str:
    """Return an interpreter's version; "" for a shim of a missing one."""
    done = subprocess.run([python, "-c", VERSION], capture_output=True, text=True)
    return done.stdout.strip()


def tested(version: str, python: str) -> bool:
    """Whether the core of the suite passes."""
    print(f"\nPython {version}", flush=True)
    home = ENVIRONMENTS / version
    own = home / "bin" / "python"
    if not own.exists():
        subprocess.run([python, "-m", "venv", home], check=True)
    (wheel,) = WHEELS.glob("*.whl")
    pip = [own, "-m", "pip", "install", "--quiet"]
    for packages in (
        ["--upgrade", "pip>=25.1"],  # the first to read [dependency-groups]
        ["--group", "core", f"{wheel}[cloud,keyring]"],
        ["--force-reinstall", "--no-deps", wheel],  # the version stays while the content changes
    ):
        subprocess.run([*pip, *packages], cwd=ROOT, check=True)
    left_out = [f"--ignore={folder}" for folder in LEFT_OUT]
    command = [own, "-m", "pytest", "-n", "2", "--dist", "loadfile", *left_out]
    return subprocess.run(command, cwd=ROOT).returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

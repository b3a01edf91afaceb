#!/usr/bin/env bash
# Makes a virtual environment with the first Python that is new enough, or says what to do if there is none.
# Usage: scripts/venv.sh FOLDER        (PYTHON selects an interpreter)
set -euo pipefail
folder=$1

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
  local name
  for name in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
    if new_enough "$name"; then echo "$name"; return; fi
  done
  echo "Python 3.11 or newer is needed: install it, or name it (make PYTHON=/path/to/python3)." >&2
  return 1
}

python=$(find_python)
if ! "$python" -c 'import ensurepip' 2>/dev/null; then  # Debian keeps it in a package of its own
  version=$("$python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "$python cannot make virtual environments: sudo apt-get install $version-venv" >&2
    exit 1
  fi
  apt-get update -q >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$version-venv" >&2
fi
"$python" -m venv --clear "$folder"

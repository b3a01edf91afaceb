#!/usr/bin/env bash
# Succeeds if PATH has npm and a node that JupyterLab's builder accepts: 20.19, 22.12 or newer.
command -v npm >/dev/null && node -e '
  const [major, minor] = process.versions.node.split(".").map(Number);
  process.exit((major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22 ? 0 : 1)
' 2>/dev/null

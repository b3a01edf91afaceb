#!/usr/bin/env bash
# Succeeds where PATH has npm and node 20 or newer.
command -v npm >/dev/null && node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null

#!/usr/bin/env bash
# Prints the path of a Chromium for the browser tests: the one on PATH, otherwise Debian's package
# (as root), otherwise Playwright's own download. The headless shell is preferred: it is the same
# engine without a window, and takes a fifth less processor time.
set -euo pipefail

on_path() {
  local name
  for name in chromium-headless-shell chromium chromium-browser google-chrome-stable google-chrome; do
    if "$name" --version >/dev/null 2>&1; then command -v "$name"; return; fi  # Ubuntu's may be an empty shell
  done
  return 1
}

playwrights_own() {
  python -m playwright install chromium >&2 || return 1
  python -c '
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    browser = playwright.chromium.launch()
    browser.close()
    print(playwright.chromium.executable_path)'
}

on_path && exit
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  apt-get update -q >&2 || true
  export DEBIAN_FRONTEND=noninteractive
  for package in chromium-headless-shell chromium; do
    apt-get install -q -y --no-install-recommends "$package" fonts-dejavu-core >&2 || true
    on_path && exit
  done
fi
playwrights_own && exit
echo "The browser tests need Chromium: sudo apt-get install chromium fonts-dejavu-core" >&2
exit 1

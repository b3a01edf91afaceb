"""Chromium that reaches only loopback, and pages that record their requests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Playwright, expect

NAMES = (
    "chromium-headless-shell", "chromium", "chromium-browser", "google-chrome-stable",
    "google-chrome",
)  # fmt: skip
FLAGS = (
    # a page that needs a CDN fails, even on a machine with a network
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
    "--no-sandbox",  # there is none for root, and the pages are ours
    "--disable-dev-shm-usage",
    "--disable-gpu",
)
LOOPBACK = {"127.0.0.1", "localhost"}
TIMEOUT_MS = 120_000


def executable() -> str | None:
    """Return CHROMIUM, or a Chromium on PATH; None leaves it to Playwright's own download."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def launched(playwright: Playwright) -> Iterator[Browser]:
    """Launch a browser, and close it at the end."""
    browser = playwright.chromium.launch(executable_path=executable(), args=list(FLAGS))
    try:
        yield browser
    finally:
        browser.close()


@dataclass
class Record:
    """Events of a page that a user would not see."""

    foreign_hosts: set[str] = field(default_factory=set)
    page_errors: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """Record the events of `page` from now on."""
        page.on("request", lambda request: self._note_host(request.url))
        page.on("websocket", lambda socket: self._note_host(socket.url))
        page.on("pageerror", lambda error: self.page_errors.append(str(error)))

    def clear(self) -> None:
        """Forget the events so far."""
        self.foreign_hosts.clear()
        self.page_errors.clear()

    def assert_clean(self, *, except_for: Collection[str] = ()) -> None:
        """Assert that no other host was contacted, and that no unexpected error was thrown."""
        errors = [e for e in self.page_errors if not any(known in e for known in except_for)]
        assert not self.foreign_hosts, f"asked {', '.join(sorted(self.foreign_hosts))}"
        assert not errors, "\n".join(errors)

    def _note_host(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.hostname not in LOOPBACK:
            self.foreign_hosts.add(parts.hostname or url)


@contextmanager
def fresh_page(browser: Browser, *, dark: bool = False) -> Iterator[tuple[Page, Record]]:
    """Open a page in a new context, with a record of its events, and close both at the end."""
    page, record = new_page(browser, dark=dark)
    try:
        yield page, record
    finally:
        page.context.close()


def new_page(browser: Browser, *, dark: bool = False) -> tuple[Page, Record]:
    """Return a page in a new context, with a record of its events."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 900},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",  # without a GPU, animations take a third of a processor
    )
    context.set_default_timeout(TIMEOUT_MS)
    expect.set_options(timeout=TIMEOUT_MS)  # a loaded machine is not a failure
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page, record = context.new_page(), Record()
    record.watch(page)
    return page, record

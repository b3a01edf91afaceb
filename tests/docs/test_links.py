"""Every link and picture of the pages, as a code host shows them, has a target."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from pages import MADE_FOR_THE_SITE, PAGES, ROOT, anchors, links

READ_AS_THEY_ARE = [page for page in PAGES if page not in MADE_FOR_THE_SITE]


@pytest.mark.parametrize("page", READ_AS_THEY_ARE, ids=lambda page: page.name)
def test_links_within_the_repository_have_targets(page):
    """The file exists in the repository, a code host can show it, and it has the named heading."""
    lost = []
    for link in links(page):
        parts = urlsplit(link)
        if parts.scheme:
            continue
        target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        is_ours = target.is_relative_to(ROOT) and target.exists()
        is_ours = is_ours and target not in MADE_FOR_THE_SITE  # a code host shows only a directive
        if not is_ours or (parts.fragment and parts.fragment not in anchors(target)):
            lost.append(link)
    assert lost == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_external_links_are_valid(page):
    """External links use https and a host name. The test fetches nothing."""
    elsewhere = [urlsplit(link) for link in links(page) if urlsplit(link).scheme]
    wrong = [
        parts.geturl()
        for parts in elsewhere
        if parts.scheme != "https" or "." not in (parts.hostname or "") or parts.username
    ]
    assert wrong == []


def test_every_picture_is_shown_somewhere():
    """Every picture is on a page, so that it is updated when the dashboard changes."""
    shown = {Path(link).name for page in PAGES for link in links(page) if "images/" in link}
    shown |= {"light.png", "dark.png"}  # the first page has both, for the theme that is chosen
    assert {path.name for path in (ROOT / "docs/images").iterdir()} <= shown


def test_layout_page_names_existing_files():
    """Every path on the page exists, and the page lists every package."""
    page = (ROOT / "docs/layout.md").read_text("utf-8")
    named = set(re.findall(r"`(?:python )?([\w/.-]+(?:/|\.(?:py|ts|json|md)))`", page))
    house = ROOT / "src/jobgroup"
    assert [p for p in sorted(named) if not ((house / p).exists() or (ROOT / p).exists())] == []
    parts = {f"{path.parent.name}/" for path in house.glob("*/__init__.py")}
    parts |= {path.name for path in house.glob("[!_]*.py")}
    assert parts <= named

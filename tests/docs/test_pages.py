"""The form of the pages: a short README, one glossary, tables with headings."""

from __future__ import annotations

import pytest
from pages import PAGES, ROOT, headings_of_tables


def test_readme_is_short():
    """The README has at most 200 lines."""
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 200


def test_the_glossary_is_short_and_sorted():
    """The glossary has at most 25 different terms in alphabetical order."""
    lines = (ROOT / "docs/glossary.md").read_text("utf-8").splitlines()
    rows = [line.split("|")[1].strip() for line in lines if line.startswith("| ")]
    terms = [term for term in rows if term not in {"Term", "---"}]
    assert 15 < len(terms) <= 25
    assert terms == sorted(set(terms))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_column_of_a_table_has_a_heading(page):
    """Every column of every table has a heading."""
    assert "" not in headings_of_tables(page)

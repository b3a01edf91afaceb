"""The check of `make lint` finds banned words in texts, and none in code."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from pages import ROOT

sys.path.insert(0, str(ROOT / "scripts"))

from check_language import BANNED, faults, main, texts

BAD = {
    "begin anew": "anew",
    "for somebody else": "somebody",
    "an error that befell a job": "befell",
    "how a script bears it": "bears",
    "jobs sent by hand": "by hand",
    "it ends by itself": "by itself",
    "as slots come free": "come free",
    "a job in doubt": "doubt",
    "it gives back a number": "gives back",
    "a run that goes on": "goes on",
    "it can be had later": "be had",
    "the option is heeded": "heeded",
    "a token in clear": "in clear",
    "the file changed meanwhile": "meanwhile",
    "a fault that is mended": "mended",
    "by mail, say, or a lamp": "say",
    "the id stands beside it": "stands beside",
    "rows that are told once": "told",
    "a standing trouble": "trouble",
    "its awaitable twin": "twin",
    "unsent where it failed": "where it",
    "whoever asks": "whoever",
    "the wish is kept": "wish",
    "an odd behaviour": "behaviour",
    "jobs that serialise": "serialise",
    "a cancelled job": "cancelled",
    "the MIT licence": "licence",
}


@pytest.mark.parametrize(("text", "words"), BAD.items(), ids=BAD)
def test_a_banned_word_is_found(text, words):
    """Each banned word has advice, and is found even across the end of a line."""
    assert [found for _, found, advice in faults(text) if advice] == [words]
    assert [line for line, *_ in faults("One line.\n" + text.replace(" ", "\n"))] != []


def test_every_pattern_has_an_example():
    """Every pattern finds something."""
    assert {advice for text in BAD for *_, advice in faults(text)} == set(BANNED.values())


@pytest.mark.parametrize(
    "text",
    [
        "What has ended comes first.",
        "It is sent. Who asks gets an answer.",
        "Steps:\n\n- Where the plan is full, it waits.",
        "| job | What it was made with. |",
    ],
)
def test_a_sentence_without_a_subject_is_found(text):
    """It is found at the beginning of a text, a sentence, a list item or a table cell."""
    assert [advice for *_, advice in faults(text)] == ["name the subject"]


@pytest.mark.parametrize(
    "text",
    [
        "Finished jobs come first. The others continue.",
        "What can I do? See below.",
        "## What is not promised\n\nNothing else.",
        "Use `by_hand` and `where it`, or [a page](by-hand.md).",
        "```python\ntold = 1  # by hand\n```",
        "A standby, a forbearing mendicant, the amended wishlist",
    ],
)
def test_plain_sentences_questions_headings_and_code_pass(text):
    """The check finds no fault in them."""
    assert list(faults(text)) == []


def test_files_are_read_by_their_kind(tmp_path, capsys):
    """Strings, comments, texts of pages and cells are checked, but names are not."""
    (tmp_path / "a.py").write_text('told = where_it = 1\n"""A run\n\ngoes on."""\n# by hand\n')
    (tmp_path / "b.tsx").write_text("const told = <p>Started by hand</p> // a twin\n")
    (tmp_path / "c.ipynb").write_text(
        '{"cells": [{"cell_type": "markdown", "source": ["It is told"]},'
        ' {"cell_type": "code", "source": ["told = 1"]}]}'
    )
    (tmp_path / "d.md").write_text("> It is told\n\nIt\n\ngoes on\n")
    assert main([str(tmp_path)]) == 1
    found = [line.removeprefix(f"{tmp_path}/") for line in capsys.readouterr().out.splitlines()]
    assert [line.rpartition(":")[0] for line in found[:-1]] == [
        "a.py:4: 'goes on'",
        "a.py:5: 'by hand'",
        "b.tsx:1: 'by hand'",
        "b.tsx:1: 'twin'",
        "c.ipynb:1: 'told'",
        "d.md:5: 'goes on'",
    ]
    assert found[-1].startswith("6 faults.")


def test_strings_of_tests_are_not_checked():
    """In tests, only docstrings and comments are checked, because this file quotes banned words."""
    found = [text for _, text in texts(Path(__file__))]
    assert test_strings_of_tests_are_not_checked.__doc__ in found
    assert not set(BAD) & set(found)

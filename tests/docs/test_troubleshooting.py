"""The troubleshooting page quotes messages exactly as the code prints them."""

from __future__ import annotations

import ast
import re

import pytest
from messages import nodes
from pages import ROOT

PAGE = (ROOT / "docs/troubleshooting.md").read_text("utf-8")
SENTENCES = re.findall(r"^> (.+)$", PAGE, re.MULTILINE)


def _texts():
    """Yield each text in the source, with a gap for each inserted value."""
    for _path, node in nodes():
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            parts = (v.value if isinstance(v, ast.Constant) else "…" for v in node.values)
            yield "".join(map(str, parts))


@pytest.fixture(scope="module")
def texts():
    """Return the texts in the source."""
    return "\n".join(_texts())


@pytest.mark.parametrize("sentence", SENTENCES)
def test_quoted_message_is_in_the_source(sentence, texts):
    """Each part between inserted values is in the source, word for word."""
    parts = [part for part in sentence.split("…") if len(part.strip(" .,;:()")) > 3]
    assert parts
    assert [part for part in parts if part not in texts] == []


def test_every_entry_has_a_cause_and_advice():
    """Each message is followed by a paragraph, and there are several."""
    assert len(SENTENCES) > 20
    for sentence in SENTENCES:
        following = PAGE.partition(f"> {sentence}\n")[2].lstrip("\n")
        assert len(following.partition("\n\n")[0]) > 60
        assert not following.startswith((">", "#"))

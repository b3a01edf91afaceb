"""Removal of control characters from texts."""

from __future__ import annotations

import logging

from jobgroup.logs import logger
from jobgroup.words import plain


def test_control_characters_are_removed_from_texts_and_logs(caplog):
    """Texts and logs have no control characters, which a terminal would interpret."""
    assert plain("a\x1b]0;title\x07b\u202ec\nd") == "a ]0;title b c\nd"
    for name in ("jobgroup", "jobgroup.dashboard"):
        with caplog.at_level(logging.WARNING, name):
            logger(name).warning("it said %s", "\x1b[2J")
    assert caplog.messages == ["it said  [2J"] * 2

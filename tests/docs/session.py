"""Run a page's Python blocks from top to bottom in one namespace."""

from __future__ import annotations

import ast
import asyncio
import doctest
import inspect
from pathlib import Path
from typing import Any

from pages import Block, blocks


def run(page: Path) -> None:
    """Execute the blocks. A failure shows the line of the page."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for block in blocks(page, "python", "pycon"):
        if block.language == "pycon":
            check(page, block, namespace)
        else:
            execute(page, block, namespace)


def execute(page: Path, block: Block, namespace: dict[str, Any]) -> None:
    """Execute code like a cell of a notebook, which allows a top-level `await`."""
    tree = ast.increment_lineno(ast.parse(block.text, str(page)), block.line - 1)
    code = compile(tree, str(page), "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if code.co_flags & inspect.CO_COROUTINE:
        asyncio.run(eval(code, namespace))
    else:
        exec(code, namespace)


def check(page: Path, block: Block, namespace: dict[str, Any]) -> None:
    """Check that the output below each prompt is the actual output."""
    test = doctest.DocTestParser().get_doctest(
        block.text, namespace, page.name, str(page), block.line - 1
    )
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    runner.run(test, clear_globs=False)
    namespace.update(test.globs)
    if runner.failures:
        raise SystemExit(f"{page.name}, line {block.line}: an example gives something else.")

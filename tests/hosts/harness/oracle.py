"""Values in the kernel, read independently of the page."""

from __future__ import annotations

import ast
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient

TIMEOUT_S = 120
POLL_S = 0.1

Evaluate = Callable[[str], Any]
"""Evaluate a Python expression where the notebook's code runs; the value has been through JSON."""


def as_json(expression: str) -> str:
    """Return an expression for the same value as JSON text."""
    return f"__import__('json').dumps({expression}, default=str)"


def wait_until(evaluate: Evaluate, expression: str) -> Any:
    """Return the first true value of `expression`.

    Raises:
        TimeoutError: it was not true within TIMEOUT_S; the message has its last value.
    """
    deadline = time.monotonic() + TIMEOUT_S
    while not (value := evaluate(expression)):
        if time.monotonic() > deadline:
            msg = f"{expression} is still {value!r}"
            raise TimeoutError(msg)
        time.sleep(POLL_S)
    return value


@contextmanager
def listening_to(connection_file: Path) -> Iterator[Evaluate]:
    """Connect a second client to a Jupyter kernel, which responds between two cells."""
    client = BlockingKernelClient(connection_file=str(connection_file))
    client.load_connection_file()
    client.start_channels(stdin=False, hb=False)

    def evaluate(expression: str) -> Any:
        reply = client.execute(
            "",
            silent=True,
            store_history=False,
            user_expressions={"value": as_json(expression)},
            reply=True,
            timeout=TIMEOUT_S,
        )
        answer = reply["content"]["user_expressions"]["value"]
        if answer["status"] != "ok":
            msg = f"{expression}: {answer['ename']}: {answer['evalue']}"
            raise RuntimeError(msg)
        return json.loads(ast.literal_eval(answer["data"]["text/plain"]))

    try:
        yield evaluate
    finally:
        client.stop_channels()


@contextmanager
def asking(port: int) -> Iterator[Evaluate]:
    """Connect a client to `harness.inside`, which the notebook starts when its cells run."""
    connection = _connected(port)

    def evaluate(expression: str) -> Any:
        connection.send(expression)
        if not connection.poll(TIMEOUT_S):
            msg = f"{expression}: no answer"
            raise TimeoutError(msg)
        is_answered, text = connection.recv()
        if not is_answered:
            msg = f"{expression}: {text}"
            raise RuntimeError(msg)
        return json.loads(text)

    with connection:
        yield evaluate


def _connected(port: int) -> Connection:
    deadline = time.monotonic() + TIMEOUT_S
    while True:
        try:
            return Client(("127.0.0.1", port))
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(POLL_S)

"""Imported by a notebook under test: evaluates the test's expressions where its code runs.

For hosts whose kernel has no second channel, as marimo's.
"""

from __future__ import annotations

import json
import logging
import traceback
from multiprocessing.connection import Connection, Listener
from threading import Thread
from typing import Any

unseen: list[str] = []
"""Hidden logs of ipywidgets about handlers of messages that raise."""


class _Collector(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        trace = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""
        unseen.append(f"{record.getMessage()}\n{trace}")


def answer(namespace: dict[str, Any], port: int) -> None:
    """Evaluate in `namespace` whatever is asked on loopback port `port`, in a thread, for good."""
    logging.getLogger("traitlets").addHandler(_Collector(logging.WARNING))
    listener = Listener(("127.0.0.1", port))
    Thread(target=_serve, args=(listener, namespace), daemon=True).start()


def _serve(listener: Listener, namespace: dict[str, Any]) -> None:
    while True:
        with listener.accept() as connection:
            _answer_all(connection, namespace)


def _answer_all(connection: Connection, namespace: dict[str, Any]) -> None:
    while True:
        try:
            expression = connection.recv()
        except EOFError:
            return
        try:
            value = eval(expression, namespace)
            connection.send((True, json.dumps(value, default=str)))
        except Exception as error:  # noqa: BLE001  the test reports every kind
            connection.send((False, f"{type(error).__name__}: {error}"))

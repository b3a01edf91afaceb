"""Evaluate the test's expressions in the process of a notebook, which imports this module.

Hosts such as marimo need it, because their kernel accepts no second client.
"""

from __future__ import annotations

import json
import logging
import traceback
from multiprocessing.connection import Connection, Listener
from threading import Thread
from typing import Any

unseen: list[str] = []
"""Hidden logs of ipywidgets about message handlers that raise."""


class _Collector(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        trace = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""
        unseen.append(f"{record.getMessage()}\n{trace}")


def answer(namespace: dict[str, Any], port: int) -> None:
    """Evaluate requests on loopback port `port` in `namespace`, in a thread that never ends."""
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

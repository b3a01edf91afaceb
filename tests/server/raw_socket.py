"""A raw web socket that a test controls byte by byte."""

from __future__ import annotations

import json
import os
import socket
import struct
from base64 import b64encode
from typing import Any
from urllib.parse import urlsplit

from ui_server import TIMEOUT_S, Ui

TEXT, BINARY, CLOSE, PING = 1, 2, 8, 9


class RawSocket:
    """The browser's end of a connection, which sends and reads only on request."""

    def __init__(self, ui: Ui, group: str, *, buffer_bytes: int | None = None) -> None:
        address = urlsplit(ui.url)
        self._socket = socket.socket()
        if buffer_bytes is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
        self._socket.settimeout(TIMEOUT_S)
        self._socket.connect((address.hostname, address.port))
        self._file = self._socket.makefile("rb")
        lines = [
            f"GET {address.path}jobgroup/socket?group={group} HTTP/1.1",
            f"Host: {address.netloc}",
            f"Authorization: token {ui.token}",
            f"Sec-WebSocket-Key: {b64encode(os.urandom(16)).decode()}",
            "Sec-WebSocket-Version: 13",
            "Upgrade: websocket",
            "Connection: Upgrade",
        ]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())
        assert b" 101 " in self._file.readline()
        while self._file.readline() != b"\r\n":
            pass

    def send(self, **content: Any) -> None:
        """Send a message."""
        self.send_frame(TEXT, json.dumps(content).encode())

    def send_frame(self, kind: int, payload: bytes, *, is_last: bool = True) -> None:
        """Send a frame with mask 0, which leaves the payload unchanged."""
        size = len(payload)
        if size < 126:
            length = struct.pack(">B", 0x80 | size)
        elif size < 1 << 16:
            length = struct.pack(">BH", 0x80 | 126, size)
        else:
            length = struct.pack(">BQ", 0x80 | 127, size)
        self._socket.sendall(bytes([0x80 * is_last | kind]) + length + bytes(4) + payload)

    def send_bytes(self, data: bytes) -> None:
        """Send bytes that need not be a valid frame."""
        self._socket.sendall(data)

    def read(self) -> tuple[int, bytes] | None:
        """Return the kind and the payload of the next frame, or None at the end."""
        try:
            head = self._file.read(2)
            if len(head) < 2:
                return None
            size = head[1]
            if size >= 126:
                size = int.from_bytes(self._file.read(2 if size == 126 else 8), "big")
            return head[0] & 0x0F, self._file.read(size)
        except ConnectionError:
            return None

    def close(self) -> None:
        """Cut the connection."""
        self._file.close()
        self._socket.close()

"""An unexpected response is never taken as the response to another request."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import suppress

import pytest

from jobgroup import JobGroup, RemoteJob, set_token
from jobgroup.providers.base import Account
from jobgroup.providers.rest import RestClient


def _answer(document, status="200 OK"):
    body = json.dumps(document).encode()
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


class TalkativeCloud:
    """A cloud that responds a second time on a connection that the client may keep.

    Args:
        gap_s: time between the responses; 0.0 sends both together.
    """

    def __init__(self, gap_s=0.0):
        self.gap_s = gap_s
        self.made = []
        self.posts = []
        self.repeated = threading.Event()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.server.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.close()

    def _accept(self):
        while True:
            try:
                client, address = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client, address), daemon=True).start()

    def _serve(self, client, address):
        with client, client.makefile("rb") as lines:
            try:
                while line := lines.readline().decode():
                    length = 0
                    while (header := lines.readline().decode().strip().lower()) != "":
                        if header.startswith("content-length:"):
                            length = int(header.split(":")[1])
                    body = json.loads(lines.read(length) or b"{}")
                    method, path, _ = line.split()
                    self._send(client, self._reply(method, path, body, address))
            except OSError:
                return

    def _reply(self, method, path, body, address):
        if method == "POST":
            self.posts.append(address)
            self.made.append(body["job_name"])
            return _answer({"job_id": f"of-{body['job_name']}"})
        if "availability" in path:
            return _answer({"max_jobs_in_queue": 99, "num_jobs_in_queue": 0})
        if "status" in path:
            return _answer({"status": "completed"})
        if path == "/api/jobs":
            return _answer({}, "405 X")
        return _answer({"path": path})

    def _send(self, client, reply):
        if not self.gap_s:
            client.sendall(reply + reply)
            self.repeated.set()
            return
        client.sendall(reply)

        def again():
            with suppress(OSError):  # the client has disconnected
                client.sendall(reply)
            self.repeated.set()

        threading.Timer(self.gap_s, again).start()


@pytest.mark.parametrize("gap_s", [0.0, 0.01])
def test_each_job_has_its_own_id_if_each_response_comes_twice(gap_s):
    """Each request that creates something uses a new connection and closes it."""
    with TalkativeCloud(gap_s) as cloud:
        set_token("t" * 20, url=cloud.url)
        jg = JobGroup("sweep")
        jg.add_many(
            [
                RemoteJob({"command": "timer", "i": i}, platform="p", url=cloud.url, name=f"j{i}")
                for i in range(8)
            ]
        )
        jg.run_parallel()
        assert [job.id for job in jg] == [f"of-j{i}" for i in range(8)]
        assert len(cloud.made) == 8
        assert len(set(cloud.posts)) == 8


@pytest.mark.anyio
@pytest.mark.parametrize("gap_s", [0.0, 0.05])
async def test_connection_with_unread_data_is_not_used_again(gap_s):
    """The extra data may come with the response or while the connection is idle."""
    with TalkativeCloud(gap_s) as cloud:
        rest = RestClient(Account(cloud.url, "", lambda: "t"))
        for number in range(5):
            cloud.repeated.clear()
            assert await rest.get(f"/{number}") == {"path": f"/{number}"}
            assert cloud.repeated.wait(120)
        await rest.aclose()

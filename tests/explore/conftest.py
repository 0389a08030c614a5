"""The server as users start it: a process of its own, and a client that speaks to it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path

import pytest

GAUSSMIX = str(Path(sys.executable).parent / "gaussmix")


class Client:
    """Requests to one server."""

    def __init__(self, address):
        self.address = address
        self.parts = urllib.parse.urlsplit(address)

    def send(self, method, path, document=None, *, headers=(), body=None, whole_path=False):
        """Return status and body of an answer; `path` follows the token unless it is the whole path."""
        connection = http.client.HTTPConnection(self.parts.hostname, self.parts.port, timeout=60)
        given = {"Content-Type": "application/json"} if method == "POST" else {}
        given.update(headers)
        content = json.dumps(document) if document is not None else body
        try:
            connection.request(method, path if whole_path else self.parts.path + path, content, given)
            answer = connection.getresponse()
            return answer.status, answer.read().decode("utf-8", errors="replace")
        finally:
            connection.close()

    def get(self, path, **options):
        return self.send("GET", path, **options)

    def post(self, path, document, **options):
        return self.send("POST", path, document, **options)

    def status(self):
        return json.loads(self.get("status")[1])

    def wait(self):
        """Wait for what is running, and return the status."""
        deadline = time.monotonic() + 120
        while self.status()["busy"]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return self.status()

    def labels(self):
        return [line.split(",") for line in self.get("labels.csv")[1].splitlines()[1:]]


@contextlib.contextmanager
def serving(*arguments, folder):
    process = subprocess.Popen(
        [GAUSSMIX, "explore", *map(str, arguments), "--no-browser"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        line = process.stdout.readline()
        address = re.search(r"http://\S+", line)
        assert address, line + process.stdout.read()
        client = Client(address[0])
        client.process = process
        yield client
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


@pytest.fixture(scope="module")
def iris_server(tmp_path_factory):
    """Iris, with three components fitted."""
    folder = tmp_path_factory.mktemp("explore")
    with serving("iris", "-k", 3, "--covariance", "full", folder=folder) as client:
        client.wait()
        yield client


@pytest.fixture(scope="module")
def serve():
    """Start a server of one's own."""
    return serving

"""The server does what the page asks for, and nothing for anybody else."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from sklearn.datasets import load_iris

from gaussmix import GaussianMixture


def test_it_serves_the_page_and_what_gaussmix_fit_writes(iris_server, tmp_path):
    status, page = iris_server.get("")
    assert status == 200
    assert "Mixture fitted to iris" in page
    assert "Fit anew" in page
    status, report = iris_server.get("report.html")
    assert status == 200
    assert "Fit anew" not in report
    assert "gaussmix fit iris --components 3 --covariance full" in report
    (tmp_path / "model.json").write_text(iris_server.get("model.json")[1])
    from gaussmix import load_model

    model = load_model(tmp_path)
    assert list(model.feature_names_in_) == list(load_iris(as_frame=True).data.columns)
    labels = [int(row[1]) for row in iris_server.labels()]
    assert labels == model.predict(load_iris(as_frame=True).data).tolist()


@pytest.fixture
def client(iris_server):
    """The server with three components fitted anew."""
    assert iris_server.post("fit", {"components": 3, "family": "full"})[0] == 202
    assert iris_server.wait()["error"] is None
    return iris_server


def test_a_fit_of_other_settings_replaces_the_page(client):
    version = client.status()["version"]
    settings = {
        "components": 2,
        "family": "diag",
        "columns": ["petal length (cm)", "sepal width (cm)"],
        "standardize": True,
        "left_out": [0, 149],
    }
    assert client.post("fit", settings)[0] == 202
    now = client.wait()
    assert now["error"] is None
    assert now["version"] == version + 1
    rows = client.labels()
    assert len(rows) == 148
    assert {"0", "149"}.isdisjoint(row[0] for row in rows)
    X = np.delete(load_iris().data[:, [2, 1]], [0, 149], axis=0)
    expected = GaussianMixture(2, covariance_type="diag", random_state=0).fit_predict(X)
    found = np.array([int(row[1]) for row in rows])
    assert (found == expected).all() or (found == 1 - expected).all()
    assert client.post("undo", {})[0] == 202
    assert len(client.labels()) == 150


def test_components_are_merged_split_and_named_by_hand(client):
    assert client.post("name", {"component": 0, "name": "</script><b>zero</b>"})[0] == 202
    client.wait()
    assert client.post("name", {"component": 1, "name": "</script><b>zero</b>"})[0] == 400  # it is taken
    assert "<b>zero" not in client.get("")[1]
    before = np.array([int(row[1]) for row in client.labels()])
    assert client.post("merge", {"first": 1, "second": 2})[0] == 202
    assert client.wait()["error"] is None
    merged = np.array([int(row[1]) for row in client.labels()])
    assert set(merged) == {0, 1}
    assert np.mean((merged == 0) == (before == 0)) > 0.95
    assert json.loads(client.get("model.json")[1])["component_names"] == ["</script><b>zero</b>", None]
    assert client.post("split", {"component": 1})[0] == 202
    assert client.wait()["error"] is None
    split = np.array([int(row[1]) for row in client.labels()])
    assert set(split) == {0, 1, 2}
    assert "Merged components 1 and 2 by hand" in client.get("report.html")[1]


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("fit", {"components": 0}),
        ("fit", {"components": 10**9}),
        ("fit", {"components": True}),
        ("fit", {"components": "3"}),
        ("fit", {"family": "__class__"}),
        ("fit", {"columns": ["no such column"]}),
        ("fit", {"columns": []}),
        ("fit", {"columns": "petal length (cm)"}),
        ("fit", {"left_out": [-1]}),
        ("fit", {"left_out": [150]}),
        ("fit", {"left_out": [1.5]}),
        ("fit", {"left_out": list(range(150)) * 1000}),
        ("fit", {"seed": 2**32}),
        ("fit", {"standardize": 1}),
        ("fit", {"unknown": 1}),
        ("fit", []),
        ("merge", {"first": 0, "second": 0}),
        ("merge", {"first": 0}),
        ("merge", {"first": 0, "second": 3}),
        ("split", {"component": -1}),
        ("split", {"component": None}),
        ("name", {"component": 0, "name": ["x"]}),
        ("name", {"component": 0, "name": "x" * 1000}),
        ("name", {"component": 9, "name": "x"}),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(iris_server, path, document):
    version = iris_server.status()["version"]
    status, body = iris_server.post(path, document)
    if status == 202:  # found out while it was done
        assert iris_server.wait()["error"]
    else:
        assert status == 400
        assert len(json.loads(body)["error"]) > 10
    assert iris_server.status()["version"] == version
    assert iris_server.get("")[0] == 200


def test_requests_that_are_no_json_or_too_large_are_refused(iris_server):
    assert iris_server.send("POST", "fit", body="{")[0] == 400
    assert iris_server.send("POST", "fit", body="[" * 100_000)[0] == 400
    assert iris_server.send("POST", "fit", body="a=1", headers={"Content-Type": "text/plain"})[0] == 400
    status, body = iris_server.send("POST", "fit", body=" " * 1_000_001)
    assert status == 400
    assert "larger" in body


def test_a_request_for_no_path_is_refused_without_a_traceback(iris_server):
    status, body = iris_server.send("OPTIONS", "*", whole_path=True)
    assert status == 403
    assert "token" in body


def test_a_request_without_the_token_is_refused(iris_server):
    token = iris_server.parts.path.strip("/")
    for path in (
        "/",
        "/status",
        f"/{token[:-1]}/",
        f"/{token}x/",
        "/../",
        f"//{token}/",
        "/%00/",
        "/%C3%BC/",
    ):
        status, body = iris_server.get(path, whole_path=True)
        assert status == 403, path
        assert token not in body


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "",
        "[",
        "localhost.evil.example:{port}",
    ],
)
def test_a_foreign_host_is_refused(iris_server, host):
    host = host.format(port=iris_server.parts.port)
    assert iris_server.get("", headers={"Host": host})[0] == 403


def test_two_hosts_are_refused(iris_server):
    connection = http.client.HTTPConnection(iris_server.parts.hostname, iris_server.parts.port, timeout=60)
    connection.putrequest("GET", iris_server.parts.path, skip_host=True)
    for host in (iris_server.parts.netloc, "evil.example"):
        connection.putheader("Host", host)
    connection.endheaders()
    assert connection.getresponse().status in (400, 403)
    connection.close()


def test_loopback_has_two_names(iris_server):
    assert iris_server.get("status", headers={"Host": f"localhost:{iris_server.parts.port}"})[0] == 200


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}],
)
def test_a_foreign_page_is_refused(iris_server, headers):
    assert iris_server.post("undo", {}, headers=headers)[0] == 403


def test_answers_are_neither_kept_nor_framed(iris_server):
    connection = http.client.HTTPConnection(iris_server.parts.hostname, iris_server.parts.port, timeout=60)
    connection.request("GET", iris_server.parts.path)
    answer = connection.getresponse()
    headers = {name.lower(): value for name, value in answer.getheaders()}
    answer.read()
    connection.close()
    assert headers["cache-control"] == "no-store"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in headers


@pytest.fixture(scope="module")
def slow_table(tmp_path_factory):
    generator = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("slow") / "slow.csv"
    np.savetxt(
        path, generator.random((20_000, 10)), delimiter=",", header=",".join("abcdefghij"), comments=""
    )
    return path


def test_a_long_fit_blocks_nobody_and_ends_when_it_shall(serve, slow_table, tmp_path):
    with serve(slow_table, "-k", 1, "--covariance", "diag", folder=tmp_path) as client:
        client.wait()
        assert client.post("undo", {})[0] == 400  # there is nothing before the first
        long = {"components": 150, "family": "full"}
        assert client.post("fit", long)[0] == 202
        time.sleep(1.0)
        began = time.monotonic()
        assert client.status()["busy"]
        assert client.get("")[0] == 200
        assert time.monotonic() - began < 5
        assert client.post("fit", {"components": 2})[0] == 400  # one at a time
        began = time.monotonic()
        assert client.post("cancel", {})[0] == 202
        now = client.wait()
        assert time.monotonic() - began < 10
        assert "cancelled" in now["error"]
        assert now["version"] == 1
        assert client.post("fit", {"components": 2, "family": "diag"})[0] == 202
        assert client.wait()["version"] == 2
        assert client.post("fit", long)[0] == 202
        client.process.send_signal(signal.SIGINT)
        out, _ = client.process.communicate(timeout=30)
        assert client.process.returncode == 0
        assert "Traceback" not in out
        assert out.rstrip().endswith("Ended.")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_ctrl_c_is_the_normal_end_and_a_request_to_end_is_not(serve, tmp_path, number, code):
    with serve("iris", "-k", 1, "--covariance", "diag", folder=tmp_path) as client:
        client.wait()
        client.process.send_signal(number)
        out, _ = client.process.communicate(timeout=30)
    assert client.process.returncode == code
    assert "Traceback" not in out
    assert out.rstrip().endswith("Ended.") == (code == 0)


def test_what_the_page_says_is_not_said_in_the_terminal(serve, tmp_path):
    values = np.concatenate([np.random.default_rng(3).normal(size=(60, 2)), np.full((15, 2), 1.5)])
    values = np.column_stack([values, values.sum(axis=1)])
    np.savetxt(tmp_path / "sum.csv", values, delimiter=",", header="a,b,c", comments="")
    with serve("sum.csv", "-k", 2, "--covariance", "full", folder=tmp_path) as client:
        assert client.wait()["error"] is None
        assert "linearly dependent" in client.get("")[1]
        assert client.post("split", {"component": 0})[0] == 202
        assert client.wait()["version"] == 2
        client.process.send_signal(signal.SIGINT)
        out, _ = client.process.communicate(timeout=30)
    assert "warning" not in out.lower()
    assert "held up" not in out


def test_without_its_extra_it_says_what_to_install(tmp_path):
    (tmp_path / "starlette.py").write_text("raise ImportError('not installed')")
    (tmp_path / "uvicorn.py").write_text("raise ImportError('not installed')")
    done = subprocess.run(
        [sys.executable, "-m", "gaussmix", "explore", "iris", "--no-browser"],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert done.returncode == 2
    assert "pip install 'gaussmix[explore]'" in done.stderr

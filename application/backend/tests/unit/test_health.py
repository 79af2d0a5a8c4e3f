"""What the gates of a deploy ask, and how the versions that are bad on purpose answer."""

import threading
from collections.abc import Iterator

import fakeredis
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine

import main

READY = ["/api/v1/auth/health", "/api/v1/health", "/api/v1/users/health"]


@pytest.mark.parametrize("path", ["/health", *READY])
def test_all_is_well(api: TestClient, path: str) -> None:
    answer = api.get(path)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "version": "1"})


@pytest.mark.parametrize("path", READY)
def test_a_broken_version_is_alive_and_not_ready(api: TestClient, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr(main, "VERSION", "broken")
    assert api.get("/health").status_code == 200
    answer = api.get(path)
    assert (answer.status_code, answer.json()["detail"]) == (500, "this version is broken on purpose")


def test_without_its_queue_it_is_not_ready_and_says_why(api: TestClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    down = fakeredis.FakeServer()
    down.connected = False
    monkeypatch.setattr(main, "queue", fakeredis.FakeRedis(server=down))
    answer = api.get("/api/v1/health")
    assert answer.status_code == 500
    assert answer.json()["detail"].startswith("ConnectionError: ")
    assert capsys.readouterr().out.startswith("ERROR ConnectionError: ")


def test_without_its_database_it_is_not_ready_and_says_why(api: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main, "engine", create_engine("sqlite:////no/such/folder/file"))
    answer = api.get("/api/v1/health")
    assert answer.status_code == 500
    assert answer.json()["detail"].startswith("OperationalError: ")


@pytest.mark.parametrize("path", ["/health", "/api/v1/version", "/no/such/path"])
def test_every_answer_names_its_version(api: TestClient, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr(main, "VERSION", "7")
    assert api.get(path).headers["x-version"] == "7"


class TestCrashing:
    """It dies three seconds after its first visitor, whom no gate is."""

    @pytest.fixture
    def crash(self, api: TestClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Timer]:
        timer = threading.Timer(3600, lambda: None)
        monkeypatch.setattr(main, "VERSION", "crashing")
        monkeypatch.setattr(main, "crash", timer)
        yield timer
        timer.cancel()

    def test_begins_with_a_visitor(self, api: TestClient, crash: threading.Timer) -> None:
        api.get("/api/v1/version")
        api.get("/api/v1/version")
        assert crash.is_alive()

    @pytest.mark.parametrize(("path", "agent"), [("/api/v1/health", "curl"), ("/api/v1/version", "recoloca-gate/1")])
    def test_not_with_a_gate(self, api: TestClient, crash: threading.Timer, path: str, agent: str) -> None:
        api.get(path, headers={"user-agent": agent})
        assert not crash.is_alive()

    def test_not_in_another_version(self, api: TestClient, crash: threading.Timer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(main, "VERSION", "2")
        api.get("/api/v1/version")
        assert not crash.is_alive()

"""Connections that stay open through a switch."""

import pytest
from fastapi.testclient import TestClient

import main


def test_events_are_numbered_and_name_their_version(api: TestClient) -> None:
    answer = api.get("/api/v1/events", params={"seconds": 1})
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.text == 'data: {"number": 0, "version": "1"}\n\n'


def test_a_web_socket_echoes_and_names_its_version(api: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main, "VERSION", "7")
    with api.websocket_connect("/api/v1/echo") as socket:
        assert socket.extra_headers is not None
        assert (b"x-version", b"7") in socket.extra_headers
        for word in ("one", "two"):
            socket.send_text(word)
            assert socket.receive_text() == word

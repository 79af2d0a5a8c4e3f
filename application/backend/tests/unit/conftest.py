"""The API with its database and its queue in memory: no server is wanted."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import fakeredis
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

# The modules read these when they are imported, and connect only when they are asked something.
password = Path(tempfile.mkdtemp()) / "password"
password.write_text("not used\n")
os.environ.update(
    DATABASE_URL="postgresql+psycopg://nobody@127.0.0.1:9/nothing",
    DATABASE_PASSWORD_FILE=str(password),
    REDIS_URL="redis://127.0.0.1:9/0",
)

import database  # noqa: E402
import main  # noqa: E402


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> fakeredis.FakeRedis:
    made = fakeredis.FakeRedis()
    monkeypatch.setattr(main, "queue", made)
    return made


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch, queue: fakeredis.FakeRedis) -> Iterator[TestClient]:
    engine = create_engine("sqlite://", connect_args={"check_same_thread": False}, poolclass=StaticPool)
    database.metadata.create_all(engine)
    monkeypatch.setattr(main, "engine", engine)
    with TestClient(main.app) as client:
        yield client
    engine.dispose()

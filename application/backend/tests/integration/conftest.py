"""Against a Postgres and a Redis, whose content is deleted: only ones of this machine."""

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

NEEDED = ("DATABASE_URL", "DATABASE_PASSWORD_FILE", "REDIS_URL")
missing = [name for name in NEEDED if name not in os.environ]
if missing:
    pytest.exit(f"{', '.join(missing)}: not set; the integration tests want a Postgres and a Redis, see application/README.md", returncode=4)
for name in ("DATABASE_URL", "REDIS_URL"):
    if urlsplit(os.environ[name]).hostname not in ("127.0.0.1", "localhost"):
        pytest.exit(f"{name}: is not on 127.0.0.1; the integration tests delete what they find there", returncode=4)

from fastapi.testclient import TestClient  # noqa: E402
from sqlalchemy import text  # noqa: E402

import main  # noqa: E402


@pytest.fixture(autouse=True)
def empty() -> Iterator[None]:
    with main.engine.begin() as connection:
        connection.execute(text("truncate listings, jobs restart identity"))
    main.queue.delete("jobs")
    yield
    main.engine.dispose()
    main.queue.close()


@pytest.fixture
def api() -> Iterator[TestClient]:
    with TestClient(main.app) as client:
        yield client

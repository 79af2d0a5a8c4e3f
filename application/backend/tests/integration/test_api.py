"""The API with a real database and a real queue."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, text

import main


@pytest.mark.parametrize("path", ["/api/v1/health", "/api/v1/auth/health", "/api/v1/users/health"])
def test_it_is_ready(api: TestClient, path: str) -> None:
    assert api.get(path).status_code == 200


def test_a_listing_is_committed_with_its_time(api: TestClient) -> None:
    number = api.post("/api/v1/listings", json={"title": "Três quartos, São Paulo"}).json()["id"]
    with main.engine.connect() as other:
        title, age = other.execute(text("select title, extract(epoch from now() - created_at) from listings where id = :id"), {"id": number}).one()
    assert title == "Três quartos, São Paulo"
    assert 0 <= age < 60
    assert api.get(f"/api/v1/listings/{number}").json()["title"] == title


def test_many_at_once_are_all_there_once(api: TestClient) -> None:
    with ThreadPoolExecutor(30) as pool:
        numbers = list(pool.map(lambda n: api.post("/api/v1/listings", json={"title": str(n)}).json()["id"], range(60)))
    listed = api.get("/api/v1/listings").json()
    assert (len(set(numbers)), listed["count"]) == (60, 60)
    assert [one["id"] for one in listed["listings"]] == sorted(numbers)


def test_a_job_is_in_redis(api: TestClient) -> None:
    api.post("/api/v1/jobs", json={"name": "mail"})
    assert main.queue.llen("jobs") == 1
    taken = main.queue.lpop("jobs")
    assert isinstance(taken, bytes)
    assert json.loads(taken) == {"name": "mail"}


def test_connections_that_the_database_cut_are_made_anew(api: TestClient) -> None:
    assert api.get("/api/v1/listings").status_code == 200
    administrator = create_engine(main.engine.url)
    with administrator.connect() as connection:
        cut = "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        assert connection.execute(text(cut)).scalar_one() > 0
    administrator.dispose()
    assert [api.get("/api/v1/listings").status_code for _ in range(5)] == [200] * 5


def test_without_redis_it_is_not_ready(api: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main, "queue", redis.Redis(port=9))
    answer = api.get("/api/v1/health")
    assert answer.status_code == 500
    assert "refused" in answer.json()["detail"]


def test_with_a_wrong_password_it_is_not_ready(api: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main, "engine", create_engine(main.engine.url.set(password="wrong")))
    answer = api.get("/api/v1/health")
    assert answer.status_code == 500
    assert "password authentication failed" in answer.json()["detail"]

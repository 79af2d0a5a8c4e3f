"""Listings and jobs, as the page uses them."""

import json

import fakeredis
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert

import main


def test_what_is_created_can_be_read(api: TestClient) -> None:
    created = api.post("/api/v1/listings", json={"title": "A flat"})
    assert created.status_code == 201
    number = created.json()["id"]
    assert api.get(f"/api/v1/listings/{number}").json() == {"id": number, "title": "A flat", "version": "1"}


def test_what_is_not_there_is_said(api: TestClient) -> None:
    answer = api.get("/api/v1/listings/7")
    assert (answer.status_code, answer.json()["detail"]) == (404, "no such listing")


def test_a_list_counts_all_and_goes_on_after_the_last_one_seen(api: TestClient) -> None:
    first, second, third = (api.post("/api/v1/listings", json={"title": title}).json()["id"] for title in "abc")
    whole = api.get("/api/v1/listings").json()
    assert [one["title"] for one in whole["listings"]] == ["a", "b", "c"]
    rest = api.get("/api/v1/listings", params={"after": first}).json()
    assert (rest["count"], [one["id"] for one in rest["listings"]]) == (3, [second, third])


@pytest.mark.parametrize("path", ["/api/v1/listings/nothing", "/api/v1/listings?after=nothing"])
def test_a_number_is_a_number(api: TestClient, path: str) -> None:
    assert api.get(path).status_code == 422


def test_a_job_waits_in_the_queue(api: TestClient, queue: fakeredis.FakeRedis) -> None:
    answer = api.post("/api/v1/jobs", json={"name": "mail"})
    assert (answer.status_code, answer.json()["queued"]) == (202, "mail")
    assert [json.loads(one) for one in queue.lrange("jobs", 0, -1)] == [{"name": "mail"}]


def test_jobs_that_are_done_say_by_which_release(api: TestClient) -> None:
    with main.engine.begin() as connection:
        connection.execute(insert(main.jobs), [{"name": "a", "done_by": "1"}, {"name": "b", "done_by": "2"}])
    assert api.get("/api/v1/jobs").json()["jobs"] == [{"name": "a", "done_by": "1"}, {"name": "b", "done_by": "2"}]

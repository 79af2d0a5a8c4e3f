"""The worker as it runs: a process of its own."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text

import main

BACKEND = Path(__file__).parents[2]


@pytest.fixture
def worker() -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen([sys.executable, "-u", "-m", "worker"], cwd=BACKEND, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "worker 1 waits for jobs\n"
    yield child
    child.kill()
    child.wait()
    child.stdout.close()


def queue(*names: str) -> None:
    main.queue.rpush("jobs", *(json.dumps({"name": name}) for name in names))


def done() -> list[tuple[str, str]]:
    with main.engine.connect() as connection:
        return [(row.name, row.done_by) for row in connection.execute(select(main.jobs.c.name, main.jobs.c.done_by).order_by(main.jobs.c.id))]


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end, "it did not come true within 20 seconds"
        time.sleep(0.05)


def test_jobs_are_done_once_in_their_order(worker: subprocess.Popen[str]) -> None:
    queue("a", "b", "c")
    wait_until(lambda: len(done()) == 3)
    assert done() == [("a", "1"), ("b", "1"), ("c", "1")]
    assert main.queue.llen("jobs") == 0


def test_asked_to_stop_it_ends_well_and_takes_no_more(worker: subprocess.Popen[str]) -> None:
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(20) == 0
    queue("later")
    assert main.queue.llen("jobs") == 1


def test_asked_to_stop_it_finishes_the_job_that_it_has(worker: subprocess.Popen[str]) -> None:
    with main.engine.begin() as holding:
        holding.execute(text("lock table jobs in access exclusive mode"))
        queue("begun", "not begun")
        wait_until(lambda: main.queue.llen("jobs") == 1)
        worker.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            worker.wait(1)
    assert worker.wait(20) == 0
    assert done() == [("begun", "1")]
    assert main.queue.llen("jobs") == 1

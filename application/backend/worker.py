"""Takes jobs from Redis, one at a time, and finishes the one it has when it is asked to stop."""

import json
import os
import signal

import redis
from sqlalchemy import insert

from database import engine, jobs
from version import VERSION

stopping = False


def stop(*_):
    global stopping
    stopping = True


signal.signal(signal.SIGTERM, stop)
queue = redis.Redis.from_url(os.environ["REDIS_URL"])
print(f"worker {VERSION} waits for jobs", flush=True)
while not stopping:
    # Short, so that a worker without work ends soon after it is asked to.
    taken = queue.blpop(["jobs"], timeout=0.2)
    if taken:
        with engine.begin() as connection:
            connection.execute(insert(jobs).values(name=json.loads(taken[1])["name"], done_by=VERSION))

"""Starts the API. Version `slow` takes its time first, as an application with a cold cache does."""

import time

import uvicorn

from version import VERSION

if VERSION == "slow":
    print("warming up for 20 seconds", flush=True)
    time.sleep(20)

uvicorn.run("main:app", host="0.0.0.0", port=8000, log_level="warning", timeout_graceful_shutdown=10)

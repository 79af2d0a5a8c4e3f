"""The API. Every answer names the version that gave it, in a header and where it is JSON in a field."""

import asyncio
import json
import os
import threading

import redis
from fastapi import FastAPI, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse, StreamingResponse
from sqlalchemy import func, insert, select, text

from database import engine, jobs, listings
from version import VERSION

# Below /api, where a route leads from outside.
app = FastAPI(title="Recoloca in miniature", version=VERSION, openapi_url="/api/openapi.json")
queue = redis.Redis.from_url(os.environ["REDIS_URL"])
crash = threading.Timer(3, os._exit, args=[1])
HEALTH = {"/health", "/api/v1/health", "/api/v1/auth/health", "/api/v1/users/health"}


@app.middleware("http")
async def name_the_version(request: Request, call_next):
    gate = "recoloca-gate" in request.headers.get("user-agent", "")
    if VERSION == "crashing" and request.url.path not in HEALTH and not gate and not crash.is_alive() and not crash.finished.is_set():
        crash.start()
    response: Response = await call_next(request)
    response.headers["X-Version"] = VERSION
    return response


@app.get("/health")
def alive():
    return {"status": "ok", "version": VERSION}


def ready():
    if VERSION == "broken":
        return JSONResponse({"detail": "this version is broken on purpose", "version": VERSION}, status_code=500)
    try:
        with engine.connect() as connection:
            connection.execute(text("select 1"))
        queue.ping()
    except Exception as error:
        print(f"ERROR {type(error).__name__}: {error}", flush=True)
        return JSONResponse({"detail": f"{type(error).__name__}: {error}", "version": VERSION}, status_code=500)
    return {"status": "ok", "version": VERSION}


for path in sorted(HEALTH - {"/health"}):
    app.get(path)(ready)


@app.post("/api/v1/listings", status_code=201)
def create_listing(listing: dict):
    with engine.begin() as connection:
        created = connection.execute(insert(listings).values(title=str(listing["title"])).returning(listings.c.id)).scalar_one()
    return {"id": created, "version": VERSION}


@app.get("/api/v1/listings/{listing}")
def read_listing(listing: int):
    with engine.connect() as connection:
        row = connection.execute(select(listings.c.id, listings.c.title).where(listings.c.id == listing)).first()
    if row is None:
        return JSONResponse({"detail": "no such listing", "version": VERSION}, status_code=404)
    return {"id": row.id, "title": row.title, "version": VERSION}


@app.get("/api/v1/listings")
def list_listings(after: int = 0):
    with engine.connect() as connection:
        count = connection.execute(select(func.count()).select_from(listings)).scalar_one()
        rows = connection.execute(select(listings.c.id, listings.c.title).where(listings.c.id > after).order_by(listings.c.id).limit(10000)).all()
    return {"count": count, "listings": [{"id": row.id, "title": row.title} for row in rows], "version": VERSION}


@app.post("/api/v1/jobs", status_code=202)
def enqueue(job: dict):
    queue.rpush("jobs", json.dumps({"name": str(job["name"])}))
    return {"queued": job["name"], "version": VERSION}


@app.get("/api/v1/jobs")
def done_jobs():
    with engine.connect() as connection:
        rows = connection.execute(select(jobs.c.name, jobs.c.done_by).order_by(jobs.c.id)).all()
    return {"jobs": [{"name": row.name, "done_by": row.done_by} for row in rows], "version": VERSION}


@app.get("/api/v1/version")
def version():
    return {"version": VERSION}


@app.get("/api/v1/events")
async def events(seconds: int = 3600):
    async def stream():
        for number in range(seconds):
            yield f"data: {json.dumps({'number': number, 'version': VERSION})}\n\n"
            await asyncio.sleep(1)

    return StreamingResponse(stream(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


@app.websocket("/api/v1/echo")
async def echo(socket: WebSocket):
    await socket.accept(headers=[(b"x-version", VERSION.encode())])
    try:
        while True:
            await socket.send_text(await socket.receive_text())
    except WebSocketDisconnect:
        pass

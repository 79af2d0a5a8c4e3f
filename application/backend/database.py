"""The database: one small pool, the two tables."""

import os
from pathlib import Path

from sqlalchemy import Column, DateTime, Integer, MetaData, Table, Text, create_engine, func, make_url

metadata = MetaData()
listings = Table(
    "listings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("title", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), server_default=func.now(), nullable=False),
)
jobs = Table(
    "jobs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("done_by", Text, nullable=False),
)
# The password comes as a file (Compose `secrets:`): an environment variable would be seen in `docker inspect`.
password = Path(os.environ["DATABASE_PASSWORD_FILE"]).read_text().strip()
engine = create_engine(make_url(os.environ["DATABASE_URL"]).set(password=password), pool_size=5, max_overflow=10, pool_pre_ping=True)

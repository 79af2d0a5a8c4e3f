"""The database: one small pool, the two tables."""

import os

from sqlalchemy import Column, DateTime, Integer, MetaData, Table, Text, create_engine, func

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
engine = create_engine(os.environ["DATABASE_URL"], pool_size=5, max_overflow=10, pool_pre_ping=True)

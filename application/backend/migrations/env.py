"""Migrations run in one transaction, and do not wait for ever behind the live release's queries."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from alembic import context
from sqlalchemy import text

from database import engine, metadata

with engine.connect() as connection:
    connection.execute(text("set lock_timeout = '5s'"))
    connection.commit()
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()

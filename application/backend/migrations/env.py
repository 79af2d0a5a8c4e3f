"""Migrations run in one transaction, and do not wait for ever behind the live release's queries."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from alembic import context
from sqlalchemy import text

from database import engine, metadata


def run():
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    # `--sql`: what a migration or the way back would do, for whoever has to decide.
    context.configure(dialect_name="postgresql", target_metadata=metadata, literal_binds=True)
    run()
else:
    with engine.connect() as connection:
        connection.execute(text("set lock_timeout = '5s'"))
        connection.commit()
        context.configure(connection=connection, target_metadata=metadata)
        run()
        connection.commit()

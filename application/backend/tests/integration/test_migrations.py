"""What later versions do to the schema, in a database of its own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, insert, inspect, text

import main

BACKEND = Path(__file__).parents[2]
SCRATCH = "recoloca_migrations"
Alembic = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def scratch() -> Iterator[Engine]:
    server = create_engine(main.engine.url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"drop database if exists {SCRATCH} with (force)"))
        connection.execute(text(f"create database {SCRATCH}"))
        engine = create_engine(main.engine.url.set(database=SCRATCH))
        yield engine
        engine.dispose()
        connection.execute(text(f"drop database {SCRATCH} with (force)"))
    server.dispose()


@pytest.fixture
def alembic(scratch: Engine, tmp_path: Path) -> Alembic:
    """With all migrations, as the image of version `bad-migration` has them."""
    shutil.copytree(BACKEND, tmp_path / "app", ignore=shutil.ignore_patterns("tests", ".*", "__pycache__"))
    for file in (BACKEND / "later").glob("*.py"):
        shutil.copy(file, tmp_path / "app/migrations/versions")
    environment = {**os.environ, "DATABASE_URL": scratch.url.set(password=None).render_as_string()}
    environment["DATABASE_PASSWORD_FILE"] = str(Path(os.environ["DATABASE_PASSWORD_FILE"]).absolute())
    return lambda *args: subprocess.run(
        [sys.executable, "-m", "alembic", *args], cwd=tmp_path / "app", env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def columns(engine: Engine) -> set[str]:
    return {column["name"] for column in inspect(engine).get_columns("listings")}


def revision(engine: Engine) -> str:
    with engine.connect() as connection:
        return str(connection.execute(text("select version_num from alembic_version")).scalar_one())


def test_the_release_before_can_go_on_writing_after_0002(scratch: Engine, alembic: Alembic) -> None:
    assert alembic("upgrade", "0002").returncode == 0
    assert "note" in columns(scratch)
    with scratch.begin() as connection:
        connection.execute(insert(main.listings).values(title="by the release before"))
    assert alembic("downgrade", "0001").returncode == 0
    assert "note" not in columns(scratch)
    with scratch.connect() as connection:
        assert connection.execute(text("select title from listings")).scalar_one() == "by the release before"


def test_a_migration_that_fails_leaves_nothing_of_itself(scratch: Engine, alembic: Alembic) -> None:
    assert alembic("upgrade", "0002").returncode == 0
    failed = alembic("upgrade", "0003")
    assert failed.returncode != 0
    assert "no_such_table" in failed.stderr
    assert (revision(scratch), "half_done" in columns(scratch)) == ("0002", False)


def test_a_migration_does_not_wait_for_ever_behind_a_query(scratch: Engine, alembic: Alembic) -> None:
    assert alembic("upgrade", "0001").returncode == 0
    with scratch.begin() as holding:
        holding.execute(text("select * from listings"))
        waited = alembic("upgrade", "0002")
    assert waited.returncode != 0
    assert "lock timeout" in waited.stderr
    assert revision(scratch) == "0001"

"""How a release is told which one it is, what it brings, and how it starts."""

import runpy
import shutil
import time
from pathlib import Path

import pytest
import uvicorn
from alembic.config import Config
from alembic.script import ScriptDirectory

import version

BACKEND = Path(__file__).parents[2]


def test_a_checkout_is_version_1(tmp_path: Path) -> None:
    shutil.copy(BACKEND / "version.py", tmp_path)
    assert runpy.run_path(str(tmp_path / "version.py"))["VERSION"] == "1"


def test_an_image_is_what_its_build_wrote_down(tmp_path: Path) -> None:
    shutil.copy(BACKEND / "version.py", tmp_path)
    (tmp_path / "VERSION").write_text("42\n")
    assert runpy.run_path(str(tmp_path / "version.py"))["VERSION"] == "42"


@pytest.mark.parametrize(
    ("name", "brings"),
    [("1", []), ("2", ["0002_note.py"]), ("slow", ["0002_note.py"]), ("bad-migration", ["0002_note.py", "0003_fails.py"])],
)
def test_a_version_brings_its_migrations(monkeypatch: pytest.MonkeyPatch, name: str, brings: list[str]) -> None:
    copied: list[tuple[Path, str]] = []
    monkeypatch.setattr(version, "VERSION", name)
    monkeypatch.setattr(shutil, "copy", lambda file, to: copied.append((file, to)))
    runpy.run_path(str(BACKEND / "later.py"))
    assert copied == [(Path("/app/later") / one, "/app/migrations/versions") for one in brings]
    assert all((BACKEND / "later" / one).exists() for one in brings)


def test_all_migrations_are_one_line(tmp_path: Path) -> None:
    shutil.copytree(BACKEND / "migrations", tmp_path / "migrations")
    for file in (BACKEND / "later").glob("*.py"):
        shutil.copy(file, tmp_path / "migrations/versions")
    settings = Config()
    settings.set_main_option("script_location", str(tmp_path / "migrations"))
    settings.set_main_option("path_separator", "os")
    steps = [(one.revision, one.down_revision) for one in ScriptDirectory.from_config(settings).walk_revisions()]
    assert steps == [("0003", "0002"), ("0002", "0001"), ("0001", None)]


@pytest.mark.parametrize(("name", "waits"), [("1", []), ("slow", [20])])
def test_it_listens_for_everybody_and_a_slow_one_takes_its_time(monkeypatch: pytest.MonkeyPatch, name: str, waits: list[int]) -> None:
    waited: list[float] = []
    started: list[dict[str, object]] = []
    monkeypatch.setattr(version, "VERSION", name)
    monkeypatch.setattr(time, "sleep", waited.append)
    monkeypatch.setattr(uvicorn, "run", lambda app, **given: started.append({"app": app, **given}))
    runpy.run_path(str(BACKEND / "start.py"))
    assert waited == waits
    assert started == [{"app": "main:app", "host": "0.0.0.0", "port": 8000, "log_level": "warning", "timeout_graceful_shutdown": 10}]

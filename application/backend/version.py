"""Which release this is. Its name decides how it behaves: see the application's README."""

from pathlib import Path

VERSION = (Path(__file__).parent / "VERSION").read_text().strip() if (Path(__file__).parent / "VERSION").exists() else "1"

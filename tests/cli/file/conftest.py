"""A folder with keys for each test."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.file.place import MANIFEST, Place
from tests.cli.file.repo import Repo


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Make a folder with a key and a rule for it."""
    made = Place(tmp_path)
    made.rules()
    yield made
    shutil.rmtree(made.memory)


@pytest.fixture
def repo(place: Place) -> Repo:
    """Make an empty repository that merges with our driver."""
    place.environment |= {"GIT_CONFIG_NOSYSTEM": "1", "EDITOR": "false"}
    for name in ("AUTHOR", "COMMITTER"):
        place.environment |= {f"GIT_{name}_NAME": "Ada", f"GIT_{name}_EMAIL": "ada@example.com"}
    made = Repo(place)
    made.git("init", "-q", "-b", "main")
    place.run(sys.executable, "-m", "strongroom", "git", "install", "--no-hook", "--yes", "--pattern", "*.enc*")
    made.git("add", ".gitattributes", ".sops.yaml")
    made.git("commit", "-qm", "begin")
    return made


@pytest.fixture
def secret(place: Place) -> Path:
    """Encrypt a Secret."""
    place.rules("creation_rules:\n  - {{age: {0}, encrypted_regex: ^stringData$}}\n")
    path = place.write("secret.yaml", MANIFEST)
    place.ours("encrypt", "-i", "secret.yaml")
    return path

"""Keys are tried before an API server depends on them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.strongroom_kms import NOW

from strongroom.keys.kek.local_file import create
from strongroom.serve.kms_plugin.settings import Settings
from strongroom.serve.kms_plugin.trial import tried


def test_each_key_is_tried(tmp_path: Path) -> None:
    """The first key has encrypted and decrypted, by its version; the others are there, or there is a reason."""
    version = create(tmp_path / "kek", NOW)
    create(tmp_path / "old", NOW)
    keys = [f"local-file:{tmp_path / name}" for name in ("kek", "old", "none")]

    writer, old, none = tried(Settings(key=keys[0], also=tuple(keys[1:])), {})

    assert writer == (keys[0], version.id, "", "")
    assert old == (keys[1], "", "", "")
    assert "cannot be read" in none.reason


def test_the_command(tmp_path: Path) -> None:
    """The command says how the keys are and exits 0, or 1 where one of them cannot be used; it makes no socket."""
    create(tmp_path / "kek", NOW)
    words = [sys.executable, "-m", "strongroom", "serve", "kms-plugin", "--check", "--socket", f"{tmp_path}/k.sock"]
    for names, code, said in ((["kek"], 0, "encrypts and decrypts, as local-file:"), (["none"], 1, "cannot be read")):
        keys = [word for name in names for word in ("--key", f"local-file:{tmp_path / name}")]
        done = subprocess.run([*words, *keys], capture_output=True, text=True, check=False)

        assert (done.returncode, done.stderr) == (code, "")
        assert said in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kek"]

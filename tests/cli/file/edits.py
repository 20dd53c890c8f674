"""Editors that are shell scripts, and what is looked at after an edit."""

from __future__ import annotations

from pathlib import Path

from tests.cli.file.place import MANIFEST, Place

TYPED = "Zq7-newly-Typed-55"
NEW = MANIFEST.replace("Zq7-typed-Password", TYPED)
BAD = NEW.replace("stringData:", "stringData: [")


def editor(place: Place, script: str) -> str:
    """Make an editor of a shell script, in which ``$1`` is the file."""
    number = len(list(place.top.glob("editor-*")))
    path = place.write(f"editor-{number}", f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def typing_(place: Place, text: str) -> str:
    """Make an editor that writes a text over the file."""
    new = place.write(f"typed-{len(list(place.top.glob('typed-*')))}", text)
    return editor(place, f'cat "{new}" >"$1"')


def is_clean(place: Place) -> bool:
    """Tell whether nothing is left in memory and nothing kept."""
    return not place.in_memory() and not place.kept()


def no_plain_text(place: Place, text: str = TYPED) -> bool:
    """Tell whether no file of the state holds a text in plain."""
    return not any(text.encode() in path.read_bytes() for path in place.state.rglob("*") if path.is_file())


def holds(place: Place, path: Path) -> str:
    """Return what a file holds as sops reads it."""
    return place.sops("decrypt", "--extract", '["stringData"]["password"]', path.name).stdout.decode()

"""``strongroom file updatekeys``."""

from __future__ import annotations

from typing import Any

import click

from strongroom.cli.file.tree import How, recursive, tree_options


@click.command("updatekeys")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("-r", "--recursive", "tree", is_flag=True, hidden=True)
@click.option("--config", metavar="FILE", help="Instead of the nearest .sops.yaml.")
@click.option("--no-gitignore", is_flag=True, help="Look at files that .gitignore leaves out too.")
@tree_options
def command(paths: tuple[str, ...], tree: bool, config: str | None, no_gitignore: bool, **how: Any) -> int:
    """Give encrypted files the keys of their rule in .sops.yaml.

    PATH is a file or a folder. The values stay as they are, and so does the data key:
    who is taken out can still open what they have seen. strongroom file offboard
    takes somebody out everywhere, with new data keys.

    All new files are made first, then brought in as a plan with a journal: what is
    interrupted goes on with strongroom plan resume, and goes back with undo.
    """
    from strongroom.crypto.memory import guard

    del tree
    guard()
    return recursive(paths, "updatekeys", config, How(**how), gitignore=not no_gitignore)

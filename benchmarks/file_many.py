"""All files of a folder in one process: ``python -m benchmarks.file_many encrypt|decrypt FROM TO RECIPIENT``."""

from __future__ import annotations

import sys
from pathlib import Path

from strongroom.files.sops import data_key
from strongroom.files.sops.formats import format_of
from strongroom.files.sops.opened import open_file
from strongroom.files.sops.rule import Rule
from strongroom.files.sops.sealing import encrypt
from strongroom.files.sops.selection import Selection
from strongroom.keys.key import MasterKey
from strongroom.keys.process import context
from strongroom.model.plaintext import Plaintext


def main(act: str, source: Path, target: Path, recipient: str) -> None:
    """Write what becomes of each file."""
    where = context()
    groups = ((MasterKey("age", recipient),),)
    rule = Rule(groups, 0, Selection(encrypted_regex="^(data|stringData)$"))
    for file in source.iterdir():
        form, data = format_of(file.name), file.read_bytes()
        if act == "decrypt":
            done = open_file(data, form, lambda metadata: data_key.unwrap(metadata, where)).plain().reveal()
        else:
            key = data_key.new()
            done = encrypt(Plaintext(data), form, rule, key, data_key.wrap(key, groups, 0, where), where.now())
        (target / file.name).write_bytes(done)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])

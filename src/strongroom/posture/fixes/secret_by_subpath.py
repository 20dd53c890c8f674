"""Parts of Secrets that are mounted by subPath are mounted as a folder, where a rotation arrives."""

from __future__ import annotations

from collections.abc import Sequence
from posixpath import join
from typing import Any

from strongroom.model.finding import Finding
from strongroom.model.resource import Resource, as_dict, as_list, as_text, dig
from strongroom.posture.fixes.bench import Bench
from strongroom.posture.fixes.fix import Fix, Left, Mended, Outcome

_FOLDER = "/run/secrets"
_UNSAFE = "the file lies at another path: a program that knows the old one by anything but its manifest would miss it"


def mend(findings: Sequence[Finding], resource: Resource, bench: Bench) -> Outcome:
    """Mount one volume whole at a folder of its own, and name the new path where the manifest named the old one."""
    field = findings[0].origin.field[len(resource.origin.field) :]
    body = bench.body(resource)
    container, mount = dig(body, field[:-3]), dig(body, field[:-1])
    if not isinstance(container, dict) or not isinstance(mount, dict) or field[-1] != "subPath":
        return Left("the path of the part is known only when the pod starts")
    old, folder = as_text(mount.get("mountPath")), join(_FOLDER, as_text(mount.get("name")))
    new = join(folder, as_text(mount.get("subPath")))
    if any(
        as_text(as_dict(one).get("mountPath")).rstrip("/") == folder for one in as_list(container.get("volumeMounts"))
    ):
        return Left(f"something is mounted at {folder} already")
    if not _renamed(container, old, new):
        return Left(f"the manifest does not say how the program knows {old}: it may be built in")
    mount["mountPath"] = folder
    del mount["subPath"]
    return Mended(f"mount a Secret of {resource.id.show()} as a folder: {old} becomes {new}", _UNSAFE)


def _renamed(container: dict[str, Any], old: str, new: str) -> int:
    """Name the new path where a variable or a word is the old one; return how often."""
    count = 0
    for entry in as_list(container.get("env")):
        if isinstance(entry, dict) and entry.get("value") == old:
            entry["value"] = new
            count += 1
    for part in ("command", "args"):
        words = as_list(container.get(part))
        for index, word in enumerate(words):
            if word == old or (isinstance(word, str) and word.endswith(f"={old}")):
                words[index] = word.removesuffix(old) + new
                count += 1
    return count


FIX = Fix(checks=("secret-by-subpath",), mend=mend)

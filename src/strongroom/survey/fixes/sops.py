"""Fixes whose values end in SOPS files: new Secrets in files of their own, plain manifests encrypted in place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from posixpath import dirname, join, normpath, relpath

from strongroom.documents.wanted import Unfit, resolved
from strongroom.documents.written import Manner
from strongroom.errors import StrongroomError
from strongroom.files.sops import data_key
from strongroom.files.sops.completing import completed
from strongroom.files.sops.formats import format_of
from strongroom.files.sops.rules import NAME, Asked, find, rule_for
from strongroom.files.sops.sealing import encrypt
from strongroom.keys.key import Context
from strongroom.model.origin import Origin
from strongroom.model.plaintext import Plaintext
from strongroom.model.plan import ABSENT, PlanStep, Splice, Text, WriteFile
from strongroom.model.resource import Resource, as_dict, as_list, as_text
from strongroom.posture.fixes.bench import Bench
from strongroom.posture.fixes.new_secret import NewSecret
from strongroom.sources.objects import objects_in
from strongroom.survey.encrypted.changes import write_step
from strongroom.survey.fixes.files import Files

SUFFIX = ".sops.yaml"
_RULES = """\
# Who can open the encrypted files of this folder and those below it.
# strongroom file updatekeys -r . gives files the keys that stand here.
creation_rules:
  # Kubernetes manifests: only the values of Secrets.
  - encrypted_regex: ^(data|stringData)$
    age: {recipients}
"""
_TOGETHER = "another object stands in the same file, and SOPS would encrypt that too: give the Secret a file of its own"


class SopsFiles:
    """The SOPS files of a plan.

    Args:
        files: the files that it may edit.
        root: its folder.
        key: the fingerprint key.
        context: where keys are found.
        recipients: who can open files for which no ``.sops.yaml`` says.
    """

    def __init__(self, files: Files, root: Path, key: bytes, context: Context, recipients: Sequence[str] = ()) -> None:
        self._files, self._root, self._key, self._context = files, root, key, context
        self._recipients, self._unruled = recipients, False
        self.opened: list[Resource] = []
        self._taken: set[str] = set()

    def sealed(self, path: str, data: bytes) -> bytes:
        """Return a manifest encrypted for whom the nearest ``.sops.yaml`` names.

        Raises:
            StrongroomError: there is no rule for it, or a key could not be used.
        """
        form = format_of(path)
        config = find(Path(path).parent, self._context.environment)
        keys: tuple[tuple[str, str], ...] = ()
        if config is None and self._recipients:
            keys, self._unruled = (("age", ",".join(self._recipients)),), True
        asked = Asked(keys=keys, format=form.id, manifest=True)
        rule = rule_for(Path(path), config, self._context.environment, asked)
        key = data_key.new()
        groups = data_key.wrap(key, rule.groups, rule.shamir_threshold, self._context)
        return encrypt(Plaintext(data), form, rule, key, groups, self._context.now())

    def made(self, secret: NewSecret) -> tuple[str, PlanStep]:
        """Return the file of a new Secret, beside the manifest that its values come from, and the step that makes it.

        Raises:
            StrongroomError: there is no rule for it, or a key could not be used.
        """
        path = self._free(join(dirname(secret.path), secret.name))
        body = resolved(secret.body(), None, self._files.bodies(secret.path))
        manner = Manner(is_json=False, item_indent=2, step=2, taken=lambda _: 0)
        data = "".join(f"{line}\n" for line in manner.block(body, 0)).encode()
        after = self.sealed(path, data)
        self.opened += objects_in(body, Origin(secret.beside.origin.source, path, 0))
        change = WriteFile(
            self._files.inside(path),
            ABSENT,
            Plaintext(after).fingerprint(self._key),
            (Splice(0, 0, (Text(after.decode()),)),),
        )
        return path, PlanStep(f"make Secret {secret.name}, encrypted by SOPS", change)

    def configuration(self) -> PlanStep | None:
        """Return the step that writes ``.sops.yaml`` for the files that none spoke of; None where there is none."""
        if not self._unruled:
            return None
        text = _RULES.format(recipients=",".join(self._recipients))
        return self._files.new(str(self._root / NAME), text)

    def over(self, path: str, before: bytes, why: Iterable[str]) -> PlanStep:
        """Return the step that encrypts a manifest in place, after its edits.

        Raises:
            StrongroomError: there is no rule for it, or a key could not be used.
        """
        after = self.sealed(path, before)
        step = write_step(
            "encrypt it by SOPS",
            self._root / self._files.inside(path),
            before,
            after,
            self._root,
            self._key,
            plain=True,
        )
        return PlanStep(step.title, step.change, tuple(why))

    def completed(self, path: str, why: Iterable[str]) -> PlanStep:
        """Return the step that encrypts what stands in plain text in a file that SOPS encrypted.

        Raises:
            StrongroomError: no key opens it, or something else was changed in it too.
        """
        before, quiet = self._files.data(path), self._context._replace(quiet=True)
        after = completed(before, format_of(path), lambda metadata: data_key.unwrap(metadata, quiet), quiet.now())
        file = self._root / self._files.inside(path)
        step = write_step(
            "encrypt what stands in it in plain text", file, before, after, self._root, self._key, plain=True
        )
        return PlanStep(step.title, step.change, tuple(why))

    def refuse_unfit(self, path: str) -> None:
        """Refuse a manifest that cannot be encrypted as a whole; raises Unfit."""
        kinds = {
            as_text(as_dict(item).get("kind"))
            for body in self._files.bodies(path).values()
            for item in (as_list(body.get("items")) if as_dict(body).get("kind") == "List" else [body])
        }
        if kinds != {"Secret"}:
            raise Unfit(_TOGETHER)
        try:
            self.sealed(path, self._files.data(path))
        except StrongroomError as error:
            raise Unfit(f"{error.message}: {error.hint}" if error.hint else error.message) from None

    def _free(self, wished: str) -> str:
        path, number = f"{wished}{SUFFIX}", 1
        while path in self._taken or Path(path).exists():
            number += 1
            path = f"{wished}-{number}{SUFFIX}"
        self._taken.add(path)
        return path


def listed(bench: Bench, secret: NewSecret, path: str) -> Iterator[str]:
    """List a new file wherever kustomize is told of the one that its values come from; yield the files that say so.

    Raises:
        Unfit: one cannot be edited.
    """
    for kustomization in bench.facts.of_kind("Kustomization"):
        folder = dirname(kustomization.origin.path)
        names = [one for one in as_list(kustomization.body.get("resources")) if isinstance(one, str)]
        if secret.path in [normpath(join(folder, name)) for name in names]:
            bench.body(kustomization)["resources"].append(relpath(path, folder or "."))
            yield kustomization.origin.path

"""Seal Secrets into a file that may hold them already: what did not change stays as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from strongroom.documents.edits import applied
from strongroom.documents.yaml import Document, read
from strongroom.errors import DocumentError, StrongroomError, UsageError
from strongroom.files.sealed import editing
from strongroom.files.sealed.certificate import Certificate
from strongroom.files.sealed.emit import as_json, written
from strongroom.files.sealed.known import Known
from strongroom.files.sealed.opening import open_value
from strongroom.files.sealed.private_keys import SealingKey
from strongroom.files.sealed.scope import Scope, without_scope
from strongroom.files.sealed.sealed import SealedSecret, read_sealed
from strongroom.files.sealed.sealing import check_named, sealed_body, sealed_value
from strongroom.files.sealed.secrets import PlainSecret, left_out
from strongroom.model.plaintext import Plaintext
from strongroom.model.resource import as_dict, as_list


class Sealer:
    """Seals with one certificate.

    Args:
        certificate: of the sealing key.
        known: what this installation sealed before.
        keys: exported sealing keys, where there are any: with them values are compared exactly.
    """

    def __init__(self, certificate: Certificate, known: Known, keys: Mapping[str, SealingKey]) -> None:
        self._certificate, self._known, self._keys = certificate, known, keys

    def file(self, wanted: Sequence[tuple[PlainSecret, Scope]], old: bytes, shape: str) -> bytes:
        """Return the text of a file with these Secrets, sealed.

        Args:
            wanted: each with its scope.
            old: what the file holds now; empty for nothing.
            shape: ``yaml`` or ``json``.

        Raises:
            UsageError: a Secret has no name, or no namespace.
            DocumentError: the file would have to be written anew, and holds more than sealed objects.
        """
        before = _before(old)
        bodies = [
            sealed_body(secret, self._certificate.key, scope, kept)
            for secret, scope, kept in self._kept(wanted, before)
        ]
        for (secret, scope), body in zip(wanted, bodies, strict=True):
            self._remember(secret, scope, body["spec"]["encryptedData"])
        same = [(one.namespace, one.name) for one in before] == [(one.namespace, one.name) for one, _ in wanted]
        if before and same:
            goal = [
                editing.Wanted(one.document, one.path, _like(one.body, body))
                for one, body in zip(before, bodies, strict=True)
            ]
            changes = editing.edits(old, goal)
            if changes is not None:
                return applied(old, changes)
        if before and _holds_more(old, before):
            raise DocumentError(
                "the file holds other objects too, and cannot be edited in place", hint="write to another file"
            )
        if shape == "json" and len(bodies) > 1:
            return as_json({"apiVersion": "v1", "kind": "List", "items": bodies}).encode()
        return "".join(written(body, shape) for body in bodies).encode()

    def merged(self, secret: PlainSecret, old: bytes, what: str, scope: str | None) -> bytes:
        """Return the text of a file whose one SealedSecret gets the values, labels and annotations of a Secret.

        Name, namespace and scope are those of the SealedSecret.

        Raises:
            UsageError: the file does not hold exactly one; it has another scope than was asked for.
            DocumentError: it is written in a way that cannot be edited in place.
        """
        found = read_sealed(old, what)
        if len(found) != 1:
            raise UsageError(f"{what} holds {len(found)} SealedSecrets", hint="values are merged into a file with one")
        (sealed,) = found
        if scope is not None and Scope(scope) is not sealed.scope:
            raise UsageError(
                f"{what} is sealed {sealed.scope.value}", hint="leave --scope out: all values of an object share one"
            )
        check_named(sealed.show(), sealed.namespace, sealed.name, sealed.scope)
        values = self._values(secret, sealed)
        goal = editing.Wanted(sealed.document, sealed.path, _with(sealed, secret, values))
        changes = editing.edits(old, [goal])
        if changes is None:
            raise DocumentError(f"{what} is written in a way that cannot be edited in place", hint="seal it as a whole")
        self._remember(secret._replace(name=sealed.name, namespace=sealed.namespace), sealed.scope, values)
        return applied(old, changes)

    def _kept(self, wanted: Sequence[tuple[PlainSecret, Scope]], before: Sequence[SealedSecret]) -> Any:
        known = {(one.namespace, one.name): one for one in before}
        for secret, scope in wanted:
            old = known.get((secret.namespace, secret.name))
            kept = {} if old is None or old.scope is not scope else self._unchanged(secret, old)
            yield secret, scope, kept

    def _values(self, secret: PlainSecret, sealed: SealedSecret) -> dict[str, str]:
        kept = self._unchanged(secret, sealed)
        key = self._certificate.key
        return {name: kept.get(name) or sealed_value(key, value, sealed.label) for name, value in secret.values.items()}

    def _unchanged(self, secret: PlainSecret, old: SealedSecret) -> dict[str, str]:
        return {
            name: old.values[name]
            for name, value in secret.values.items()
            if old.values.get(name) and self._is_same(name, value, old)
        }

    def _is_same(self, name: str, value: Plaintext, old: SealedSecret) -> bool:
        fingerprint, text = self._certificate.fingerprint, old.values[name]
        if self._known.is_same(fingerprint, old.label, name, value, text):
            return True
        own = self._keys.get(fingerprint)
        if own is None:
            return False
        try:
            return open_value(text, old.label, {fingerprint: own}).value == value
        except StrongroomError:
            return False

    def _remember(self, secret: PlainSecret, scope: Scope, values: Mapping[str, str]) -> None:
        label = scope.label(secret.namespace, secret.name)
        for name, value in secret.values.items():
            self._known.add(self._certificate.fingerprint, label, name, value, values[name])


def _before(old: bytes) -> tuple[SealedSecret, ...]:
    try:
        return read_sealed(old, "the file")
    except DocumentError:
        return ()


def _holds_more(old: bytes, before: Sequence[SealedSecret]) -> bool:
    """Tell whether a file holds anything beside these objects."""
    documents = [one for one in read(old) if isinstance(one, Document)]
    items = sum(len(as_list(as_dict(one.body).get("items"))) or 1 for one in documents)
    return items != len(before)


def _like(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return the new object with what only the old one has and sealing does not make: status, own labels, templates."""
    metadata, template = as_dict(old.get("metadata")), as_dict(as_dict(old.get("spec")).get("template"))
    body: dict[str, Any] = {**old, **new, "metadata": {**metadata, **new["metadata"]}}
    annotations = {**without_scope(as_dict(metadata.get("annotations"))), **as_dict(new["metadata"].get("annotations"))}
    if annotations or "annotations" in metadata:
        body["metadata"]["annotations"] = annotations
    if "data" in template:
        body["spec"] = {**new["spec"], "template": {**new["spec"]["template"], "data": template["data"]}}
    return body


def _with(sealed: SealedSecret, secret: PlainSecret, values: Mapping[str, str]) -> dict[str, Any]:
    """Return the object with more values, as ``kubeseal --merge-into`` adds them."""
    spec = as_dict(sealed.body.get("spec"))
    template, metadata = sealed.template, as_dict(sealed.template.get("metadata"))
    hidden = left_out(secret)
    added = without_scope({key: text for key, text in secret.annotations.items() if key not in hidden})
    for field, more in (("labels", dict(secret.labels)), ("annotations", added)):
        if more:
            metadata = {**metadata, field: {**as_dict(metadata.get(field)), **more}}
    if metadata:
        template = {**template, "metadata": metadata}
    spec = {**spec, "encryptedData": {**as_dict(spec.get("encryptedData")), **values}}
    if template:
        spec["template"] = template
    return {**sealed.body, "spec": spec}

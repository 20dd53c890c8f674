"""Fixes whose values end in a store: ExternalSecrets say where they come from, and a person fills it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from strongroom.documents.wanted import Unfit, resolved
from strongroom.model.facts import Facts
from strongroom.model.origin import Origin
from strongroom.model.resource import Resource, as_dict, as_text
from strongroom.model.secret import SecretRef, Way
from strongroom.posture.fixes.bench import Bench
from strongroom.posture.fixes.external import admit, external, store_for, to_do
from strongroom.posture.fixes.new_secret import NewSecret
from strongroom.sources.objects import objects_in


class ExternalBodies:
    """What Secrets become when a store holds their values.

    Args:
        facts: the stores of the sources.
        bodies: returns the documents of a file.

    Attributes:
        to_do: what is left to a person, by the namespace and name of each Secret.
    """

    verb = "take from a store:"

    def __init__(self, facts: Facts, bodies: Callable[[str], Mapping[int, Any]]) -> None:
        self._facts, self._bodies = facts, bodies
        self.to_do: dict[tuple[str, str], str] = {}

    def of_new(self, secret: NewSecret) -> dict[str, Any]:
        """Return the ExternalSecret of a new Secret."""
        return self.of(secret.body(), secret.name)

    def of(self, body: dict[str, Any], name: str) -> dict[str, Any]:
        """Return the ExternalSecret of a Secret; raises Unfit where no store can fill it, or one is opened with it."""
        namespace = as_text(as_dict(body.get("metadata")).get("namespace"))
        record = self._facts.secret(SecretRef(namespace, name))
        user = next((one for one in record.consumers if one.way is Way.STORE), None) if record is not None else None
        if user is not None:
            raise Unfit(f"{user.resource.show()} is opened with it, so no store can give it: encrypt the manifest")
        store = store_for(self._facts, namespace)
        made = external(body, store)
        self.to_do[namespace, name] = to_do(body, store)
        return made

    def admit(self, bench: Bench, namespace: str) -> None:
        """Let a namespace use its store, where an earlier fix of this plan said who may.

        Raises:
            Unfit: the store cannot be edited.
        """
        store = store_for(self._facts, namespace).resource
        if store is None or (store.origin.path, store.origin.document) not in bench.drafts:
            return
        admit(as_dict(bench.body(store).get("spec")).get("conditions"), namespace)

    def opened(self, secret: NewSecret) -> list[Resource]:
        """Return a new Secret as its containers shall get it."""
        body: dict[str, Any] = resolved(secret.body(), None, self._bodies(secret.path))
        return [*objects_in(body, Origin(secret.beside.origin.source, secret.path, 0))]

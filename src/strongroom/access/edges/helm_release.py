"""Helm keeps every revision of a release in a Secret ``sh.helm.release.v1.NAME.vN`` (or a ConfigMap): all values that
were given, and every manifest as rendered, the Secrets of the release included. Reading one reads them all.

## Needs

Reading the release's Secret, for instance a role with ``get`` on it by name, or a pod that mounts it.

## Exploited

```console
$ helm get manifest shop -n shop
$ helm get values shop -n shop
```

## Closed

Charts name existing Secrets in place of values; old revisions are deleted (``--history-max``); nobody reads Secrets of
the type ``helm.sh/release.v1`` who is not meant to read all Secrets of the release.

## References

- https://helm.sh/docs/topics/advanced/#storage-backends
- https://github.com/helm/helm/issues/2083
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from strongroom.access.operators import placed
from strongroom.access.way import Way
from strongroom.access.world import DEFAULT, World
from strongroom.model.access import Evidence, Node, Step
from strongroom.model.resource import Resource

_RELEASE = re.compile(r"sh\.helm\.release\.v1\.(?P<name>.+)\.v\d+")
_NAME, _NAMESPACE = "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"


def steps(world: World) -> Iterator[Step]:
    """Yield which release holds which Secrets."""
    held: dict[tuple[str, str], list[Resource]] = {}
    for secret in world.facts.of_kind("Secret"):
        release = secret.annotations.get(_NAME)
        if isinstance(release, str) and release:
            space = secret.annotations.get(_NAMESPACE)
            held.setdefault((space if isinstance(space, str) and space else placed(secret), release), []).append(secret)
    for store in world.facts.of_kind("Secret", "ConfigMap"):
        named = _RELEASE.fullmatch(store.name)
        if named:
            for secret in held.get((placed(store), named["name"]), ()):
                evidence = (
                    Evidence("release", store.id, store.origin, f"keeps release {named['name']}"),
                    Evidence("secret", secret.id, secret.origin.at(("metadata", "annotations", _NAME))),
                )
                source = Node(store.kind, store.namespace or DEFAULT, store.name)
                yield Step(source, Node("Secret", placed(secret), secret.name), WAY.id, evidence)


WAY = Way("helm-release", "reads what Helm keeps of the release", ("T1552.007",), steps)

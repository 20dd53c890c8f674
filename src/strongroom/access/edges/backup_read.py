"""Velero backs up every object, Secrets in plain text included, to a bucket. Whoever may ask for a backup's contents,
send a backup to a bucket of his own, or restore one into a namespace that he reads, reads every Secret of it.

## Needs

In Velero's namespace one of these: ``create`` on ``downloadrequests`` and ``get`` on them, whose status has the
address; ``create`` on ``backups``, and ``create``, ``update`` or ``patch`` on ``backupstoragelocations``; ``create`` on
``restores``, and in some namespace, which ``namespaceMapping`` names, reading Secrets or running pods.

## Exploited

```console
$ velero backup download nightly
```

## Closed

Nobody but the operators of backups holds rights in Velero's namespace; the bucket is encrypted with a key of its own;
Secrets are left out of backups (``--exclude-resources secrets``) where another backup holds them encrypted.

## References

- https://velero.io/docs/main/api-types/
- https://github.com/vmware-tanzu/velero/issues/434

Not demonstrated: Velero decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from strongroom.access.operators import may_write, placed, receives, unless_seen
from strongroom.access.rbac import Permission
from strongroom.access.together import together
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import Power, Step, power

_GROUP = "velero.io"
_HOME = "velero"


def steps(world: World) -> Iterator[Step]:
    """Yield who reads the backups of a cluster."""
    homes = {placed(r) for r in world.facts.of_kind("BackupStorageLocation", "Backup") if r.group == _GROUP} or {_HOME}
    condition = unless_seen(world, _GROUP)

    def written(resource: str, *verbs: str) -> list[Permission]:
        found = may_write(world, _GROUP, resource, *verbs)
        return [one for one in found if not one.namespace or one.namespace in homes]

    asked = written("downloadrequests", "create")
    seen = written("downloadrequests", "get", "list", "watch")
    backups, places = written("backups", "create"), written("backupstoragelocations")
    restored = written("restores", "create")
    for parts, notes in (
        ((asked, seen), ("creates downloadrequests", "reads them")),
        ((backups, places), ("creates backups", "writes backupstoragelocations")),
        ((_anywhere(restored), _of_any_name(receives(world) if restored else ())), ("creates restores", "reads them")),
    ):
        for joint in together(*parts, world=world):
            evidence = joint.evidence(*notes)
            yield Step(joint.source, power(Power.READ_SECRETS), WAY.id, evidence, condition, " and ".join(notes))


def _anywhere(permissions: Iterable[Permission]) -> list[Permission]:
    """Return permissions as if they reached every namespace: a restore goes where it says, not where it lies."""
    return [msgspec.structs.replace(permission, namespace="") for permission in permissions]


def _of_any_name(permissions: Iterable[Permission]) -> list[Permission]:
    return [permission for permission in permissions if not permission.names]


WAY = Way("backup-read", "reads a backup of the cluster", ("T1530",), steps, demonstrated=False)

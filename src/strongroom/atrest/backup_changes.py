"""What a restore does: decided from a backup and a cluster, and recognised again in the cluster at any later moment.

A decision names each Secret with keyed digests of what is there and of what shall be; so a run that was killed finds
out by looking how far it came, and nothing that somebody else wrote is taken for its own.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec

from strongroom.atrest.backup_secrets import BackedSecret, Digests, Place, digests, is_name, restorable

TOKEN_TYPE = "kubernetes.io/service-account-token"  # noqa: S105 - a type's name
_TOKEN_ACCOUNT, _TOKEN_UID = "kubernetes.io/service-account.name", "kubernetes.io/service-account.uid"
_HELM_TYPE = "helm.sh/release.v1"
_BOOTSTRAP_TYPE = "bootstrap.kubernetes.io/token"

_OWNED = (
    "had owners: an owner is named by a UID that is not its own any more, and Kubernetes would delete what names it, "
    "so they stand without owners"
)
_FINALIZED = "had finalizers, which are left out: who set them may be gone, and then nothing could delete the Secrets"
_HELM = "came from Helm, as releases: it takes them for installed, whether their objects are there or not"
_BOOTSTRAP = "served as bootstrap tokens; those that have expired are deleted by the controller"

OnConflict: TypeAlias = Literal["fail", "skip", "replace", "newer"]


class Rules(NamedTuple):
    """How a backup is laid over a cluster.

    Attributes:
        select: shell patterns of ``namespace/name``, of the backup; all where empty.
        namespaces: namespaces of the backup that go to another one.
        on_conflict: what becomes of a Secret that is there and differs.
    """

    select: tuple[str, ...] = ()
    namespaces: Mapping[str, str] = {}
    on_conflict: OnConflict = "fail"


class Wanted(NamedTuple):
    """A Secret of a backup, without its values.

    Attributes:
        place: where it shall stand.
        origin: where it stood.
        immutable: nothing can change its values.
        account, account_uid: of a ServiceAccount's token, whose it is; empty where that can be no name.
        owned, finalized: whether it had owners, and finalizers.
    """

    place: Place
    origin: Place
    type: str
    immutable: bool
    changed: str
    digests: Digests
    account: str
    account_uid: str
    owned: bool
    finalized: bool


class Seen(NamedTuple):
    """A Secret of the cluster, without its values.

    Attributes:
        kept: owners and finalizers, which stay when it is replaced.
    """

    uid: str
    version: str
    type: str
    immutable: bool
    deleting: bool
    changed: str
    digests: Digests
    kept: Mapping[str, Any]


class Before(msgspec.Struct, frozen=True):
    """The Secret that a change meets."""

    uid: str
    version: str
    digests: Digests


class Change(msgspec.Struct, frozen=True):
    """One Secret that is restored.

    Attributes:
        do: how: ``recreate`` deletes the old one first, since its type or its values cannot be changed; ``freeze``
            replaces it by an immutable one, which is deleted first on the way back.
        place: where.
        origin: where it stood when it was backed up.
        wanted: digests of what shall be.
        before: what is there; None where nothing is.
    """

    do: Literal["create", "replace", "freeze", "recreate"]
    place: Place
    origin: Place
    wanted: Digests
    before: Before | None = None


class State(enum.Enum):
    """Where a change stands in the cluster."""

    BEFORE = "before"
    BETWEEN = "between"  # the old one is deleted, the new one not made
    AFTER = "after"
    OTHER = "other"  # somebody else wrote it


class Decision(NamedTuple):
    """What becomes of one Secret: a change, or why there is none.

    Attributes:
        change: None where there is none.
        skipped: why it is left alone; empty where it is not.
        conflict: it is there, differs, and nothing says that it may be replaced.
        unchanged: it is there already.
    """

    change: Change | None = None
    skipped: str = ""
    conflict: bool = False
    unchanged: bool = False


def selected(place: Place, rules: Rules) -> bool:
    """Tell whether a Secret of a backup is asked for."""
    return not rules.select or any(fnmatchcase(str(place), pattern) for pattern in rules.select)


def target(place: Place, rules: Rules) -> Place:
    """Return where a Secret of a backup shall stand."""
    return place._replace(namespace=rules.namespaces.get(place.namespace, place.namespace))


def wanted(secret: BackedSecret, rules: Rules, key: bytes) -> Wanted:
    """Return what is known of a Secret of a backup, under a fingerprint key."""
    body, place = secret.decoded(), target(secret.place, rules)
    metadata = body["metadata"]
    annotations = metadata.get("annotations") or {}
    token = secret.type == TOKEN_TYPE
    account = annotations.get(_TOKEN_ACCOUNT, "") if token else ""
    return Wanted(
        place=place,
        origin=secret.place,
        type=secret.type,
        immutable=bool(body.get("immutable")),
        changed=secret.changed,
        digests=digests(restorable(body, place.namespace), key),
        account=account if is_name(account) else "",
        account_uid=annotations.get(_TOKEN_UID, "") if token else "",
        owned=bool(metadata.get("ownerReferences")),
        finalized=bool(metadata.get("finalizers")),
    )


def seen(secret: BackedSecret, key: bytes) -> Seen:
    """Return what is known of a Secret of the cluster, under a fingerprint key."""
    body = secret.decoded()
    metadata = body["metadata"]
    return Seen(
        uid=metadata.get("uid", ""),
        version=metadata.get("resourceVersion", ""),
        type=secret.type,
        immutable=bool(body.get("immutable")),
        deleting=bool(metadata.get("deletionTimestamp")),
        changed=secret.changed,
        digests=digests(body, key),
        kept={name: metadata[name] for name in ("ownerReferences", "finalizers") if metadata.get(name)},
    )


def decided(one: Wanted, there: Seen | None, on_conflict: OnConflict, account_uid: str = "") -> Decision:
    """Decide what becomes of one Secret.

    Args:
        one: the Secret of the backup.
        there: the Secret of the cluster in its place.
        on_conflict: what becomes of one that is there and differs.
        account_uid: of a ServiceAccount's token, the UID of the account of that name in the cluster; empty for none.
    """
    if there is not None and there.deleting:
        return Decision(skipped="it is being deleted in the cluster")
    if there is not None and there.digests == one.digests:
        return Decision(unchanged=True)
    if one.type == TOKEN_TYPE and (not account_uid or one.account_uid != account_uid):
        return Decision(
            skipped="a token is good only for the ServiceAccount that it was made for, which is not there any more"
        )
    if there is None:
        return Decision(Change("create", one.place, one.origin, one.digests))
    if on_conflict == "fail":
        return Decision(conflict=True)
    if on_conflict == "skip":
        return Decision(skipped="it is there, and differs")
    if on_conflict == "newer" and one.changed <= there.changed:
        return Decision(skipped="the one in the cluster is not older")
    do = _way(one, there)
    if do != "replace" and there.kept.get("finalizers"):
        return Decision(skipped="it has finalizers, and could only be deleted and made anew")
    before = Before(there.uid, there.version, there.digests)
    return Decision(Change(do, one.place, one.origin, one.digests, before))


def _way(one: Wanted, there: Seen) -> Literal["replace", "freeze", "recreate"]:
    other = there.digests.values != one.digests.values
    if there.type != one.type or (there.immutable and other):
        return "recreate"
    return "freeze" if one.immutable and other else "replace"


def state(change: Change, there: Seen | None) -> State:
    """Find out where a change stands, by what is in its place."""
    before = change.before
    if there is None:
        if change.do == "create":
            return State.BEFORE
        return State.OTHER if change.do == "replace" else State.BETWEEN
    if there.deleting:
        return State.OTHER
    if before is not None and (there.uid, there.version) == (before.uid, before.version):
        return State.BEFORE
    if there.digests.whole == change.wanted.whole:
        return State.AFTER
    if before is not None and there.digests.whole == before.digests.whole:
        return State.BEFORE
    # A controller or an admission webhook adds its labels to what it meets; the values are still ours.
    told_apart = before is None or before.digests.values != change.wanted.values
    return State.AFTER if told_apart and there.digests.values == change.wanted.values else State.OTHER


def notes(restored: Sequence[Wanted]) -> list[str]:
    """Return what people are told about Secrets that are made anew, a sentence each."""
    said = (
        (sum(one.owned for one in restored), _OWNED),
        (sum(one.finalized for one in restored), _FINALIZED),
        (sum(one.type == _HELM_TYPE for one in restored), _HELM),
        (sum(one.type == _BOOTSTRAP_TYPE for one in restored), _BOOTSTRAP),
    )
    return [f"{count:,} of the Secrets {text}" for count, text in said if count]

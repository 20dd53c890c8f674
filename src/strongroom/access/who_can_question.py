"""Understanding ``VERB RESOURCE[/NAME]``: words for types as kubectl takes them, and verbs that mean something."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from strongroom.access import rbac_defaults
from strongroom.access.rbac import Rbac
from strongroom.access.rbac_defaults import ResourceType
from strongroom.errors import UsageError
from strongroom.model.facts import Facts
from strongroom.model.holders import Asked
from strongroom.model.resource import as_dict, as_list, as_text

VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
SPECIAL_VERBS = ("impersonate", "bind", "escalate", "approve", "sign", "attest", "use", "request-serviceaccounts-token")
"""Verbs of requests, and those that only authorization knows
(https://kubernetes.io/docs/reference/access-authn-authz/authorization/#request-verbs)."""

METHODS = ("get", "post", "put", "patch", "delete", "head", "options")

# Types that rules may name and that are no objects of their own.
_VIRTUAL = (
    ResourceType("", "users", "User", namespaced=False, aliases=("user",)),
    ResourceType("", "groups", "Group", namespaced=False, aliases=("group",)),
    ResourceType("authentication.k8s.io", "userextras", "UserExtra", namespaced=False),
    ResourceType("authentication.k8s.io", "uids", "UID", namespaced=False),
    ResourceType("certificates.k8s.io", "signers", "Signer", namespaced=False, aliases=("signer",)),
)


def question(verb: str, what: str, namespaces: tuple[str, ...], subresource: str, facts: Facts, rbac: Rbac) -> Asked:
    """Return what is asked about.

    ``what`` is ``secrets``, ``secret/db``, ``deploy``, ``pods/exec``, ``certificates.cert-manager.io``, or a path that
    begins with a slash.

    Raises:
        UsageError: there is no such type or verb, or it is in no namespace and one was named.
    """
    if what.startswith("/"):
        if namespaces or subresource:
            raise UsageError(f"{what} is a path: it has neither namespace nor subresource")
        return Asked(_verb(verb, METHODS, rbac), path=what)
    word, _, rest = what.partition("/")
    found = _type(word, facts)
    subresources = {entry.plural for entry in _types(facts) if entry.group == found.group}
    resource, name = found.plural, rest
    if subresource:
        resource = f"{found.plural}/{subresource}"
    elif f"{found.plural}/{rest}" in subresources:
        resource, name = f"{found.plural}/{rest}", ""
    if namespaces and not found.namespaced and found.plural != "namespaces":
        raise UsageError(f"{found.plural} are in no namespace", hint="leave out --namespace")
    return Asked(_verb(verb, (*VERBS, *SPECIAL_VERBS), rbac), found.group, resource, name, namespaces)


def _verb(verb: str, known: tuple[str, ...], rbac: Rbac) -> str:
    if verb in known or any(verb in rule.verbs for role in rbac.roles for rule in role.rules):
        return verb
    near = difflib.get_close_matches(verb.lower(), known, n=1)
    raise UsageError(
        f"there is no verb {verb!r}", hint=f"did you mean {near[0]}?" if near else f"one of {', '.join(known)}"
    )


def _type(word: str, facts: Facts) -> ResourceType:
    """Return the type that a word means: its plural, singular, short name or kind, with or without its group."""
    known = [entry for entry in _types(facts) if "/" not in entry.plural]
    lower = word.lower()
    name, _, group = lower.partition(".")
    for one in known:
        if lower in _words(one):
            return one
    for one in known:
        if name in _words(one) and group == one.group:
            return one
    if group:
        return ResourceType(group, name, name, namespaced=True)
    near = difflib.get_close_matches(lower, [entry.plural for entry in known], n=1)
    hint = f"did you mean {near[0]}?" if near else f"of another group: {lower}.GROUP"
    raise UsageError(f"there is no type {word!r} here", hint=hint)


def _words(entry: ResourceType) -> Iterable[str]:
    return (entry.plural, entry.kind.lower(), *entry.aliases)


def _types(facts: Facts) -> Iterator[ResourceType]:
    yield from rbac_defaults.types()
    yield from _VIRTUAL
    for definition in facts.of_kind("CustomResourceDefinition"):
        spec = as_dict(definition.get("spec"))
        names = as_dict(spec.get("names"))
        aliases = [as_text(names.get("singular")), *map(as_text, as_list(names.get("shortNames")))]
        yield ResourceType(
            as_text(spec.get("group")),
            as_text(names.get("plural")),
            as_text(names.get("kind")),
            spec.get("scope") != "Cluster",
            tuple(alias for alias in aliases if alias),
        )

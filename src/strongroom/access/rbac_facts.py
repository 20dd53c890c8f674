"""The RBAC of a run: what its sources hold, with what every cluster holds, and without what the API server refuses."""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access import rbac_defaults
from strongroom.access.rbac import Rbac
from strongroom.access.rbac_refusal import refusal
from strongroom.inventory.rbac import GROUP, bindings_of, roles_of
from strongroom.model.facts import Facts
from strongroom.model.resource import as_text

KINDS = ("ClusterRole", "Role", "ClusterRoleBinding", "RoleBinding")


def rbac_of(facts: Facts, *, defaults: bool = True) -> Rbac:
    """Return the index of the roles and bindings of a run.

    Roles and bindings that the API server refuses are left out; `Rbac.refused` has them. With ``defaults``, those that
    every cluster holds are added where the sources hold none of that name; `rbac_defaults.is_default` tells them.
    """
    held = [resource for resource in facts.of_kind(*KINDS) if resource.group == GROUP]
    refused = {id(resource): reason for resource in held if (reason := refusal(resource))}
    added = rbac_defaults.missing(held) if defaults else ()
    roles, bindings = facts.roles, facts.bindings
    if refused or added:
        taken = [resource for resource in (*held, *added) if id(resource) not in refused]
        roles = roles_of(taken)
        bindings = bindings_of(taken, roles)
    return Rbac(
        roles,
        bindings,
        cluster_scoped=cluster_scoped_types(facts),
        refused=tuple((resource, refused[id(resource)]) for resource in held if id(resource) in refused),
    )


def cluster_scoped_types(facts: Facts) -> Iterator[tuple[str, str]]:
    """Yield group and plural of the cluster-scoped custom resources that the sources define."""
    for definition in facts.of_kind("CustomResourceDefinition"):
        if definition.get("spec", "scope") == "Cluster":
            yield as_text(definition.get("spec", "group")), as_text(definition.get("spec", "names", "plural"))

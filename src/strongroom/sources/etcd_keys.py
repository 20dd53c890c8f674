"""Which resource lies under which key of etcd, and the other way round.

``/registry/secrets/NAMESPACE/NAME``; resources outside Kubernetes itself have their group first:
``/registry/example.com/widgets/NAMESPACE/NAME``. Keys: k8s.io/apiserver
``pkg/registry/generic/registry/storage_factory.go`` and k8s.io/kubernetes
``pkg/kubeapiserver/default_storage_factory_builder.go`` (``SpecialDefaultResourcePrefixes``).
"""

from __future__ import annotations

from collections.abc import Sequence

PREFIX = "/registry"  # --etcd-prefix of kube-apiserver
SECRETS = "secrets"

_SPECIAL = {
    "endpoints": "services/endpoints",
    "ingresses": "ingress",
    "nodes": "minions",
    "replicationcontrollers": "controllers",
    "services": "services/specs",
}
_BY_SPECIAL = {path: resource for resource, path in _SPECIAL.items()}
_SERVICES = "services"

# Groups whose objects lie in etcd without their group, with what they serve in any version up to Kubernetes 1.37.
BUILT_IN: dict[str, tuple[str, ...]] = {
    "admissionregistration.k8s.io": (
        "mutatingadmissionpolicies",
        "mutatingadmissionpolicybindings",
        "mutatingwebhookconfigurations",
        "validatingadmissionpolicies",
        "validatingadmissionpolicybindings",
        "validatingwebhookconfigurations",
    ),
    "apps": ("controllerrevisions", "daemonsets", "deployments", "replicasets", "statefulsets"),
    "autoscaling": ("horizontalpodautoscalers",),
    "batch": ("cronjobs", "jobs"),
    "certificates.k8s.io": ("certificatesigningrequests", "clustertrustbundles", "podcertificaterequests"),
    "coordination.k8s.io": ("leasecandidates", "leases"),
    "discovery.k8s.io": ("endpointslices",),
    "flowcontrol.apiserver.k8s.io": ("flowschemas", "prioritylevelconfigurations"),
    "internal.apiserver.k8s.io": ("storageversions",),
    "networking.k8s.io": (
        "clustercidrs",
        "ingressclasses",
        "ingresses",
        "ipaddresses",
        "networkpolicies",
        "servicecidrs",
    ),
    "node.k8s.io": ("runtimeclasses",),
    "policy": ("poddisruptionbudgets", "podsecuritypolicies"),
    "rbac.authorization.k8s.io": ("clusterrolebindings", "clusterroles", "rolebindings", "roles"),
    "resource.k8s.io": (
        "deviceclasses",
        "devicetaintrules",
        "podschedulingcontexts",
        "resourceclaimparameters",
        "resourceclaims",
        "resourceclaimtemplates",
        "resourceclasses",
        "resourceclassparameters",
        "resourcepoolstatusrequests",
        "resourceslices",
    ),
    "scheduling.k8s.io": ("podgroups", "priorityclasses", "workloads"),
    "storage.k8s.io": (
        "csidrivers",
        "csinodes",
        "csistoragecapacities",
        "storageclasses",
        "volumeattachments",
        "volumeattributesclasses",
    ),
    "storagemigration.k8s.io": ("storageversionmigrations",),
}
_GROUP_OF = {resource: group for group, resources in BUILT_IN.items() for resource in resources}


def resource_of(key: str, prefix: str) -> tuple[str, str]:
    """Return the resource of a key and the object's name: ``secrets``, ``shop/db``; empty where it is of another form.

    A resource outside Kubernetes itself is named with its group: ``widgets.example.com``.
    """
    if not key.startswith(f"{prefix}/"):
        return "", ""
    first, _, rest = key[len(prefix) + 1 :].partition("/")
    if first == SECRETS:
        return first, rest
    if "." in first:
        second, _, rest = rest.partition("/")
        return (f"{second}.{first}", rest) if second else ("", "")
    if first == _SERVICES:
        second, _, rest = rest.partition("/")
        first = f"{first}/{second}"
    return _BY_SPECIAL.get(first, first), rest


def group_of(resource: str) -> tuple[str, str]:
    """Return the plural and the group of a resource as `resource_of` names it: ``deployments``, ``apps``."""
    name, _, group = resource.partition(".")
    return name, group or _GROUP_OF.get(name, "")


def path_of(resource: str) -> str:
    """Return what the keys of a resource have after the prefix and a slash, with a slash at the end.

    Args:
        resource: as an EncryptionConfiguration names it, no wildcard: ``secrets``, ``deployments.apps``,
            ``widgets.example.com``.
    """
    name, _, group = resource.partition(".")
    if not group or group in BUILT_IN or group == "events.k8s.io":
        return f"{_SPECIAL.get(name, name)}/"
    return f"{group}/{name}/"


def covers(name: str, resource: str) -> bool:
    """Tell whether a name of an EncryptionConfiguration, maybe a wildcard, means a resource that `resource_of` named.

    ``*.*`` is everything, ``*.GROUP`` everything of a group, ``*.`` everything of the core group
    (https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/#understanding-the-encryption-at-rest-configuration).
    """
    if name == "*.*":
        return True
    if name.startswith("*."):
        return group_of(resource)[1] == name[2:]
    return path_of(name) == path_of(resource)


def paths_of(names: Sequence[str]) -> tuple[str, ...]:
    """Return below which paths lies what some names of an EncryptionConfiguration mean; an empty one for everything.

    More may lie there than is meant: see `covers`.
    """
    # What the core group serves is not listed here.
    if "*.*" in names or "*." in names:
        return ("",)
    paths: list[str] = []
    for name in names:
        if not name.startswith("*."):
            paths.append(path_of(name))
        elif name[2:] in BUILT_IN:
            paths.extend(path_of(resource) for resource in BUILT_IN[name[2:]])
        else:
            paths.append(f"{name[2:]}/")
    return tuple(sorted(set(paths)))


def rules_for(rules: Sequence[Sequence[str]], resource: str) -> tuple[int, ...]:
    """Return the indices of the rules that serve a resource, in order; none where none does.

    As k8s.io/apiserver ``transformerFromOverrides``: who names it, else its group, else everything; several rules for
    the same name are one (``getTransformerOverridesAndKMSPluginProbes`` appends their providers).

    Args:
        rules: the names of each rule.
        resource: as `resource_of` names it.
    """
    weights = [max((_weight(name, resource) for name in names), default=0) for names in rules]
    best = max(weights, default=0)
    return tuple(index for index, weight in enumerate(weights) if weight == best > 0)


def rule_for(rules: Sequence[Sequence[str]], resource: str) -> int | None:
    """Return the index of the first rule that serves a resource, which is what encrypts; else as `rules_for`."""
    return next(iter(rules_for(rules, resource)), None)


def _weight(name: str, resource: str) -> int:
    plural, group = group_of(resource)
    exact = name == f"{plural}.{group}" or (not group and name == plural)
    # A name without the group that it needs means nothing to the API server: then it is said what lies in plain text.
    meant = not name.startswith("*.") and path_of(name) == path_of(resource)
    return 4 * exact or 3 * (name == f"*.{group}") or 2 * (name == "*.*") or int(meant)

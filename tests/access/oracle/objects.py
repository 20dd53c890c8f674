"""Random RBAC objects and questions about them: names from small sets, so that they meet; some odd, some refused."""

from __future__ import annotations

import random
from typing import Any

import msgspec
from hypothesis import strategies as st

from strongroom.access.rbac_request import Request, User

GROUP = "rbac.authorization.k8s.io"
NAMESPACES = ("n0", "n1", "n2")

VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "impersonate", "bind", "*")
ODD_VERBS = ("GET", "Get", "", "*/*", "get ", "escalate")
GROUPS = ("", "apps", "*", GROUP)
ODD_GROUPS = ("Apps", "core", "v1", "example.com", "*.example.com", "apps/v1")
RESOURCES = ("secrets", "pods", "deployments", "nodes", "namespaces", "serviceaccounts", "pods/exec", "*", "*/exec")
ODD_RESOURCES = (
    *("*/*", "pods/*", "Secrets", "secret", "*/scale", "deployments/scale", "/exec", "pods/", "*/", "**", "secrets.v1"),
    *("serviceaccounts/token", "*/token", "*/exec/x", "pods/exec/x", "pods/Exec", " secrets"),
)
SUBRESOURCES = ("", "", "", "exec", "scale", "token", "status", "*", "exec/x", "Exec", "/")
NAMES = ("a", "db", "web")
ODD_NAMES = ("", "*", "A", "a:b", "d*", "n0")
URLS = ("/healthz", "/metrics", "/api/*", "*", "/logs/*")
ODD_URLS = ("", "/a*", "/**", "*/x", "healthz", "/healthz/", "/api*/v1", "/HEALTHZ", "**", "/*/v1", "/api/**")
PATHS = ("/healthz", "/metrics", "/api/v1", "/api/", "/api", "/logs/x", "/a", "/", "/x", "/HEALTHZ", "/healthz/ping")
USERS = (
    *("alice", "bob", "Alice", "system:serviceaccount:n0:web", "system:serviceaccount:n1:web", "system:anonymous"),
    *("system:serviceaccount:n0:x:web", "system:serviceaccount:n0:", "system:serviceaccount::web", "system:node:k1"),
    *("*", "n0/web", "web", "system:serviceaccount:n0:WEB", "system:kube-scheduler", "system:serviceaccount:N0:web"),
)
USER_GROUPS = (
    *("dev", "ops", "Dev", "system:authenticated", "system:unauthenticated", "system:serviceaccounts", "*"),
    *("system:serviceaccounts:n0", "system:serviceaccounts:n1", "system:serviceaccounts:n0:web", "alice"),
)
ACCOUNTS = ("web", "api", "default", "x:web", "Web", "web.api")
LABELS: tuple[dict[str, str], ...] = ({"pool": "a"}, {"pool": "b"}, {"pool": "a", "tier": "1"}, {"tier": "2"}, {})

_Object = dict[str, Any]


def _some(usual: tuple[str, ...], odd: tuple[str, ...], *, least: int = 1) -> st.SearchStrategy[list[str]]:
    one = st.one_of(st.sampled_from(usual), st.sampled_from(usual), st.sampled_from(usual), st.sampled_from(odd))
    return st.lists(one, min_size=least, max_size=3)


def _rarely(value: st.SearchStrategy[Any], otherwise: Any, share: int = 12) -> st.SearchStrategy[Any]:
    return st.integers(0, share).flatmap(lambda n: value if n == 0 else st.just(otherwise))


_RESOURCE_RULES = st.fixed_dictionaries(
    {
        "verbs": _some(VERBS, ODD_VERBS),
        "apiGroups": _some(GROUPS, ODD_GROUPS),
        "resources": _some(RESOURCES, ODD_RESOURCES),
    },
    optional={"resourceNames": _some(NAMES, ODD_NAMES, least=0)},
)
_URL_RULES = st.fixed_dictionaries({"verbs": _some(VERBS, ODD_VERBS), "nonResourceURLs": _some(URLS, ODD_URLS)})
_BROKEN_RULES: st.SearchStrategy[Any] = st.sampled_from(
    [
        {"verbs": [], "apiGroups": [""], "resources": ["pods"]},
        {"apiGroups": [""], "resources": ["pods"]},
        {"verbs": ["get"], "resources": ["pods"]},
        {"verbs": ["get"], "apiGroups": [""]},
        {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"], "nonResourceURLs": ["/x"]},
        {"verbs": "get", "apiGroups": [""], "resources": ["pods"]},
        {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"], "resourceNames": [1]},
        {"verbs": ["get"], "resourceNames": ["a"], "nonResourceURLs": ["/x"]},
        {"verbs": ["get"], "nonResourceURLs": ["/x"], "resources": []},
        {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"], "nonResourceURLs": []},
        {},
        None,
    ]
)


def _rules(*, urls: bool) -> st.SearchStrategy[list[Any]]:
    sound = st.one_of(_RESOURCE_RULES, _RESOURCE_RULES, _URL_RULES) if urls else _RESOURCE_RULES
    return st.lists(sound, min_size=0, max_size=3).flatmap(
        lambda rules: _rarely(_BROKEN_RULES.map(lambda broken: [*rules, broken]), rules, share=15)
    )


_PLAIN = {"key": "plain", "operator": "Exists"}
_SELECTORS: st.SearchStrategy[_Object] = st.sampled_from(
    [
        {"matchLabels": {"pool": "a"}},
        {"matchLabels": {"pool": "b"}},
        {"matchLabels": {"pool": "d"}},
        {"matchExpressions": [{"key": "tier", "operator": "Exists"}, {"key": "pool", "operator": "DoesNotExist"}]},
        {"matchExpressions": [{"key": "pool", "operator": "NotIn", "values": ["a", "b"]}, _PLAIN]},
        {"matchExpressions": [{"key": "pool", "operator": "In", "values": ["a", "d"]}], "matchLabels": {"tier": "1"}},
        {"matchExpressions": [_PLAIN]},
        {"matchExpressions": [_PLAIN], "matchLabels": {"kubernetes.io/bootstrapping": "rbac-defaults"}},
        {"matchLabels": {"kubernetes.io/bootstrapping": "rbac-defaults"}},
    ]
)
_BROKEN_SELECTORS: st.SearchStrategy[_Object] = st.sampled_from(
    [
        {"matchExpressions": [{"key": "tier", "operator": "In", "values": []}]},
        {"matchExpressions": [{"key": "tier", "operator": "Near"}]},
        {"matchExpressions": [{"key": "tier", "operator": "Exists", "values": ["1"]}]},
        {"matchLabels": {"pool": "not a value!"}},
        {"matchLabels": {"not a key!": "a"}},
    ]
)


def _role(kind: str) -> st.SearchStrategy[_Object]:
    cluster = kind == "ClusterRole"
    parts: dict[str, st.SearchStrategy[Any]] = {"rules": _rules(urls=cluster)}
    if not cluster:
        return st.fixed_dictionaries(parts)
    plain = st.fixed_dictionaries(
        {**parts, "labels": st.sampled_from(LABELS).map(lambda labels: {"plain": "1", **labels})}
    )
    # Only roles of the pool c are aggregated and aggregate; nothing of that pool selects it, so there is no cycle.
    nested = st.fixed_dictionaries(
        {**parts, "labels": st.just({"pool": "c"}), "aggregationRule": _aggregation(_SELECTORS)}
    )
    above = st.one_of(_SELECTORS, st.just({"matchLabels": {"pool": "c"}}), _rarely(_BROKEN_SELECTORS, {}, share=6))
    aggregated = st.fixed_dictionaries({**parts, "aggregationRule": _aggregation(above.filter(bool))})
    return st.one_of(plain, plain, plain, plain, nested, aggregated)


def _aggregation(selectors: st.SearchStrategy[_Object]) -> st.SearchStrategy[_Object]:
    return st.lists(selectors, min_size=1, max_size=2).map(lambda some: {"clusterRoleSelectors": some})


_SUBJECTS = st.one_of(
    st.builds(lambda name: {"kind": "User", "name": name, "apiGroup": GROUP}, st.sampled_from(USERS)),
    st.builds(lambda name: {"kind": "Group", "name": name}, st.sampled_from(USER_GROUPS)),
    st.builds(
        lambda name, namespace: {
            "kind": "ServiceAccount",
            "name": name,
            **({"namespace": namespace} if namespace else {}),
        },
        st.one_of(st.sampled_from(ACCOUNTS[:3]), _rarely(st.sampled_from(ACCOUNTS[3:]), "web")),
        st.one_of(st.sampled_from(("n0", "n1")), _rarely(st.sampled_from(("", "n0:x", "N0")), "n0", share=4)),
    ),
    _rarely(
        st.sampled_from(
            [
                {"kind": "user", "name": "alice"},
                {"kind": "User", "name": ""},
                {"kind": "Group", "name": "dev", "apiGroup": "example.com"},
                {"kind": "ServiceAccount", "name": "web", "namespace": "n0", "apiGroup": GROUP},
                {"kind": "User", "name": "bob", "namespace": "n0"},
            ]
        ),
        {"kind": "User", "name": "bob"},
    ),
)


def _binding(kind: str) -> st.SearchStrategy[_Object]:
    cluster_ref = st.builds(
        lambda name: {"kind": "ClusterRole", "name": name}, st.sampled_from(CLUSTER_ROLES + DEFAULT_ROLES)
    )
    role_ref = st.builds(lambda name: {"kind": "Role", "name": name, "apiGroup": GROUP}, st.sampled_from(ROLES))
    odd = st.sampled_from(
        [
            {"kind": "Role", "name": "r0", "apiGroup": "example.com"},
            {"kind": "role", "name": "r0"},
            {"kind": "ClusterRole", "name": ""},
            {"kind": "Role", "name": "r0"},
            {"kind": "ClusterRole", "name": "a/b"},
        ]
    )
    sound = cluster_ref if kind == "ClusterRoleBinding" else st.one_of(cluster_ref, role_ref)
    reference = st.one_of(sound, sound, sound, _rarely(odd, {"kind": "ClusterRole", "name": "c0"}, share=3))
    return st.fixed_dictionaries({"roleRef": reference, "subjects": st.lists(_SUBJECTS, max_size=3)})


ROLES = ("r0", "r1", "r2", "r3", "missing")
CLUSTER_ROLES = (*(f"c{n}" for n in range(12)), "missing")
DEFAULT_ROLES = ("view", "edit", "system:node", "system:discovery")

BATCHES = st.fixed_dictionaries(
    {
        "ClusterRole": st.lists(_role("ClusterRole"), min_size=12, max_size=12),
        "Role": st.lists(_role("Role"), min_size=12, max_size=12),
        "ClusterRoleBinding": st.lists(_binding("ClusterRoleBinding"), min_size=4, max_size=10),
        "RoleBinding": st.lists(_binding("RoleBinding"), min_size=8, max_size=24),
    }
)
"""The bodies of the objects of one cluster, by kind; `objects` gives them names."""


def objects(batch: dict[str, list[_Object]]) -> list[_Object]:
    """Return the objects of a batch with names, namespaces and a label that all share."""
    made = []
    for kind, bodies in batch.items():
        for index, body in enumerate(bodies):
            body = dict(body)
            metadata: dict[str, Any] = {"labels": {"batch": "yes", **body.pop("labels", {})}}
            if kind == "ClusterRole":
                metadata["name"] = CLUSTER_ROLES[index]
            elif kind == "Role":
                metadata |= {"name": ROLES[index // 3], "namespace": NAMESPACES[index % 3]}
            elif kind == "RoleBinding":
                metadata |= {"name": f"b{index}", "namespace": NAMESPACES[index % 3]}
            else:
                metadata["name"] = f"b{index}"
            made.append({"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": metadata, **body})
    return made


def questions(made: list[_Object], seed: int, count: int) -> list[tuple[User, Request]]:
    """Return users and requests about objects: half of them one step from what some binding gives, half at random."""
    chance = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    bindings = [body for body in made if body["kind"].endswith("Binding") and body["subjects"]]
    roles = {(body["kind"], body["metadata"]["name"]): body for body in made if body["kind"].endswith("Role")}
    asked = []
    for _ in range(count):
        user, request = _user(chance), _request(chance)
        if bindings and chance.random() < 0.5:
            binding = chance.choice(bindings)
            reference = binding["roleRef"]
            namespace = binding["metadata"].get("namespace", "")
            user = _near_user(chance, chance.choice(binding["subjects"]), namespace)
            rules = [rule for rule in roles.get((reference["kind"], reference["name"]), {}).get("rules", ()) if rule]
            if rules:
                request = _near(chance, chance.choice(rules), request, namespace)
        asked.append((user, request))
    return asked


def _near_user(chance: random.Random, subject: _Object, namespace: str) -> User:
    name = subject["name"] or "alice"
    if subject["kind"] == "ServiceAccount":
        return User.of_service_account(subject.get("namespace") or namespace or "n0", name)
    if subject["kind"] == "Group":
        return User(chance.choice(USERS), (chance.choice(USER_GROUPS), name))
    return User(name)


def _near(chance: random.Random, rule: _Object, request: Request, namespace: str) -> Request:
    """Return a request that a rule allows, but for one of its fields sometimes."""
    fields: dict[str, str] = {"verb": _one(chance, rule.get("verbs"))}
    if rule.get("nonResourceURLs"):
        fields["path"] = _one(chance, rule["nonResourceURLs"])
    else:
        resource, _, subresource = _one(chance, rule.get("resources")).partition("/")
        fields |= {"resource": resource, "subresource": subresource, "group": _one(chance, rule.get("apiGroups"))}
        fields |= {"name": _one(chance, rule.get("resourceNames")), "namespace": namespace, "path": ""}
    for field in (
        ("verb", "path") if fields["path"] else ("verb", "group", "resource", "subresource", "namespace", "name")
    ):
        if chance.random() < 0.12 and getattr(request, field):
            fields[field] = getattr(request, field)
    if chance.random() < 0.7:
        fields = {field: _instead(value, getattr(request, field), chance) for field, value in fields.items()}
    near = msgspec.structs.replace(request, **fields)
    return near if near.verb else request


def _instead(value: str, other: str, chance: random.Random) -> str:
    """Return something that a wildcard may stand for."""
    if value.startswith("/"):
        return value.rstrip("*") + chance.choice(("x", "", "/y")) if value.endswith("*") else value
    return (other or "exec") if value == "*" else value


def _one(chance: random.Random, entries: Any) -> str:
    usable = [entry for entry in entries if isinstance(entry, str)] if isinstance(entries, list) else []
    return chance.choice(usable) if usable else ""


def _user(chance: random.Random) -> User:
    kind = chance.randrange(8)
    if kind < 3:
        return User.of_service_account(chance.choice(("n0", "n1", "n2")), chance.choice(ACCOUNTS))
    if kind == 3:
        return User.anonymous()
    groups = tuple(chance.sample(USER_GROUPS, chance.randrange(3)))
    if kind == 4:
        groups += ("system:masters",) if chance.random() < 0.05 else ("dev",)
    return User(chance.choice(USERS), groups) if kind < 7 else User.authenticated(chance.choice(USERS), groups)


def _request(chance: random.Random) -> Request:
    verb = _pick(chance, VERBS, ODD_VERBS)
    if chance.random() < 0.12:
        return Request(verb or "get", path=_pick(chance, PATHS, tuple(url for url in ODD_URLS if url)))
    return Request(
        verb or "get",
        _pick(chance, GROUPS, ODD_GROUPS),
        _pick(chance, RESOURCES[:6], (*RESOURCES, *ODD_RESOURCES)),
        chance.choice(SUBRESOURCES),
        chance.choice(("", *NAMESPACES, *NAMESPACES, *NAMESPACES, "elsewhere")),
        "" if chance.random() < 0.4 else _pick(chance, NAMES, ODD_NAMES),
    )


def _pick(chance: random.Random, usual: tuple[str, ...], odd: tuple[str, ...]) -> str:
    return chance.choice(odd if chance.random() < 0.15 else usual)

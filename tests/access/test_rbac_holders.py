"""Who holds a permission is who is allowed the request: the two questions of `Rbac` agree.

``oracle/test_api_server.py`` compares the second with a running API server, so the first is as exact.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.access.oracle.compare import facts_of
from tests.access.oracle.objects import BATCHES, objects

from strongroom.access.rbac_facts import rbac_of
from strongroom.access.rbac_request import SERVICE_ACCOUNT_USER, Request, User
from strongroom.model.rbac import Subject

_RESOURCES = st.sampled_from(
    ["secrets", "pods", "pods/exec", "deployments/scale", "serviceaccounts/token", "namespaces"]
)


def _user(subject: Subject) -> User:
    """Return the user that is this subject and nothing more."""
    if subject.kind == "Group":
        return User("", (subject.name,))
    account = f"{SERVICE_ACCOUNT_USER}{subject.namespace}:{subject.name}"
    return User(account if subject.kind == "ServiceAccount" else subject.name)


def _key(subject: Subject) -> tuple[str, str]:
    user = _user(subject)
    return user.name, "".join(user.groups)


@settings(max_examples=60)
@given(
    BATCHES,
    st.sampled_from(["get", "update", "delete", "impersonate"]),
    st.sampled_from(["", "apps"]),
    _RESOURCES,
    st.sampled_from(["n0", "n1", "elsewhere", ""]),
    st.sampled_from(["a", "db", "unknown"]),
)
def test_holders_are_those_who_are_allowed(
    batch: dict[str, list[dict[str, Any]]], verb: str, group: str, resource: str, namespace: str, name: str
) -> None:
    """For a request that names an object, holders with that name or any are exactly the subjects that are allowed it."""
    rbac = rbac_of(facts_of(objects(batch)))
    kind, _, subresource = resource.partition("/")
    request = Request(verb, group, kind, subresource, namespace, name)
    subjects = {
        subject
        for binding in rbac.bindings
        for _, subject in binding.subjects
        if subject.namespace or subject.kind != "ServiceAccount"
    }

    holding = {
        _key(one.subject)
        for one in rbac.holders(verb, group, resource, namespace=namespace)
        if not one.names or name in one.names
    }
    allowed = {_key(subject) for subject in subjects if rbac.allows(_user(subject), request) is not None}

    assert holding == allowed


@settings(max_examples=40)
@given(BATCHES, st.sampled_from(["get", "list", "create"]), _RESOURCES)
def test_asking_anywhere_is_asking_each_namespace(
    batch: dict[str, list[dict[str, Any]]], verb: str, resource: str
) -> None:
    """Permissions anywhere are those of every namespace together, each once."""
    rbac = rbac_of(facts_of(objects(batch)))
    spaces = ("", "n0", "n1", "n2", "kube-system", "kube-public")
    anywhere = list(rbac.holders(verb, "", resource))

    assert set(anywhere) == {one for space in spaces for one in rbac.holders(verb, "", resource, namespace=space)}
    assert len(anywhere) == len(set(anywhere))

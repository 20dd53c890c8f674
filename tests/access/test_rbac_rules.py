"""What one rule allows."""

from __future__ import annotations

import pytest

from strongroom.access.rbac_request import Request
from strongroom.access.rbac_rules import allows, names_allowed, url_covers
from strongroom.model.rbac import Rule


def _rule(verbs: str, resources: str = "", groups: str = "", names: tuple[str, ...] = (), urls: str = "") -> Rule:
    return Rule(
        tuple(verbs.split()), tuple(groups.split(",")), tuple(resources.split()), names, tuple(urls.split()), ()
    )


@pytest.mark.parametrize(
    ("url", "path", "covers"),
    [
        ("/healthz", "/healthz", True),
        ("/healthz", "/healthz/ping", False),
        ("/healthz/*", "/healthz/ping", True),
        ("/healthz/*", "/healthz", False),
        ("/healthz*", "/healthz", True),
        ("*", "/anything", True),
        ("/a**", "/abc", True),
        ("*/ping", "/healthz/ping", False),
        ("/a*/b", "/ax/b", False),
        ("/HEALTHZ", "/healthz", False),
    ],
)
def test_only_stars_at_the_end_of_a_url_are_wildcards(url: str, path: str, covers: bool) -> None:
    """Any number of ``*`` at the end stands for any rest; elsewhere it is a character."""
    assert url_covers(url, path) is covers


@pytest.mark.parametrize(
    ("rule", "request_", "allowed"),
    [
        (_rule("get", "pods"), Request("get", resource="pods"), True),
        (_rule("get", "pods", "apps"), Request("get", resource="pods"), False),
        (_rule("*", "*", "*"), Request("frob", "x", "parts", "sub"), True),
        (_rule("*", "*", "*"), Request("get", path="/metrics"), False),
        (_rule("get", urls="*"), Request("get", resource="pods"), False),
        (_rule("get", "pods/exec"), Request("get", resource="pods", subresource="exec"), True),
        (_rule("get", "*/exec"), Request("get", resource="pods/exec"), False),
        (_rule("get", "*/*"), Request("get", resource="pods", subresource="exec"), False),
        (_rule("get", "pods", names=("a",)), Request("get", resource="pods"), False),
        (_rule("get", "pods", names=("a",)), Request("get", resource="pods", name="a"), True),
        (_rule("list", "pods", names=("",)), Request("list", resource="pods"), True),
    ],
)
def test_a_rule_allows_what_it_names(rule: Rule, request_: Request, allowed: bool) -> None:
    """Verb, group, resource with its subresource, and name all have to match; a path is matched by URLs alone."""
    assert allows(rule, request_) is allowed


@pytest.mark.parametrize(
    ("verbs", "verb", "resource", "names", "allowed"),
    [
        ("get", "get", "secrets", (), ()),
        ("get", "get", "secrets", ("a", "b", "a"), ("a", "b")),
        ("get", "get", "secrets", ("",), None),
        ("*", "deletecollection", "secrets", ("a",), None),
        ("*", "create", "secrets", ("a",), ("a",)),
        ("create patch", "create", "secrets", ("a",), ("a",)),
        ("create", "create", "secrets", ("a",), None),
        ("create update", "create", "secrets", ("a",), None),
        ("create update", "create", "services", ("a",), ("a",)),
        ("create", "create", "pods/exec", ("a",), ("a",)),
        ("list", "list", "secrets", ("a",), ("a",)),
        ("list", "list", "secrets", ("a", ""), ()),
    ],
)
def test_names_limit_what_names_an_object(
    verbs: str, verb: str, resource: str, names: tuple[str, ...], allowed: tuple[str, ...] | None
) -> None:
    """What ``resourceNames`` leave of a verb: any object, some, or none (`oracle/test_requests.py` tries them)."""
    assert names_allowed(_rule(verbs, resource, names=names), verb, "", resource) == allowed

"""An EncryptionConfiguration is read as kube-apiserver reads it: what that refuses is refused, with words for people."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.atrest.judge import Judge

from strongroom.atrest.configuration import parse
from strongroom.errors import DocumentError

LONG = base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
SHORT = base64.b64encode(b"0123456789abcdef").decode()
HEAD = "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\n"


def rules(*entries: str) -> str:
    """Return a configuration of rules in flow style."""
    return HEAD + "resources:\n" + "".join(f"- {entry}\n" for entry in entries)


def rule(names: str, *providers: str) -> str:
    """Return a rule."""
    return f"{{resources: [{names}], providers: [{', '.join(providers)}]}}"


def keys(kind: str, *names: str, secret: str = LONG) -> str:
    """Return a local provider."""
    entries = ", ".join(f"{{name: {name}, secret: {secret}}}" for name in names)
    return f"{{{kind}: {{keys: [{entries}]}}}}"


def kms(name: str, more: str = "") -> str:
    """Return a KMS v2 plugin."""
    return f"{{kms: {{apiVersion: v2, name: {name}, endpoint: 'unix:///run/kms.sock'{more}}}}}"


IDENTITY = "{identity: {}}"

TAKEN = {
    "one key": rules(rule("secrets", keys("secretbox", "a"), IDENTITY)),
    "aes of 16 bytes": rules(rule("secrets", keys("aescbc", "a", secret=SHORT), keys("aesgcm", "a", secret=SHORT))),
    "several rules": rules(rule("events", IDENTITY), rule("secrets, pandas.bears.example", keys("aesgcm", "a", "b"))),
    "wildcards": rules(rule("'*.apps'", keys("secretbox", "a")), rule("'*.*'", IDENTITY)),
    "a core wildcard": rules(rule("secrets", keys("secretbox", "a")), rule("'*.'", IDENTITY)),
    "a core resource with its dot": rules(rule("secrets.", keys("secretbox", "a")), rule("'*.'", IDENTITY)),
    "a resource before everything": rules(rule("secrets", keys("secretbox", "a")), rule("'*.*'", IDENTITY)),
    "one key under two names": rules(rule("secrets", keys("secretbox", "a", "b"))),
    "one name twice": rules(rule("secrets", keys("secretbox", "a"), keys("secretbox", "a"))),
    "one resource twice": rules(rule("secrets", keys("secretbox", "a")), rule("secrets", IDENTITY)),
    "json": '{"kind":"EncryptionConfiguration","apiVersion":"apiserver.config.k8s.io/v1","resources":'
    '[{"resources":["secrets"],"providers":[{"identity":{}}]}]}',
}

REFUSED = {
    "nothing": "",
    "another kind": TAKEN["one key"].replace("EncryptionConfiguration", "Encryption"),
    "another version": TAKEN["one key"].replace("/v1", "/v2"),
    "no rules": HEAD + "resources: []\n",
    "no resources": rules("{resources: [], providers: [{identity: {}}]}"),
    "no providers": rules("{resources: [secrets], providers: []}"),
    "no keys": rules(rule("secrets", "{secretbox: {keys: []}}")),
    "two providers in one": rules(
        rule("secrets", f"{{identity: {{}}, secretbox: {{keys: [{{name: a, secret: {LONG}}}]}}}}")
    ),
    "an unknown provider": rules(rule("secrets", "{rot13: {}}")),
    "an unknown field": rules(rule("secrets", keys("secretbox", "a"))) + "spare: true\n",
    "a key without a name": rules(rule("secrets", f"{{secretbox: {{keys: [{{secret: {LONG}}}]}}}}")),
    "a key without a secret": rules(rule("secrets", "{secretbox: {keys: [{name: a}]}}")),
    "a key twice in the place of a field": rules(
        rule("secrets", f"{{secretbox: {{keys: [{{{LONG}: 1, {LONG}: 2}}]}}}}")
    ),
    "a key that is not base64": rules(rule("secrets", keys("secretbox", "a", secret="'not base64!'"))),
    "a short key": rules(rule("secrets", keys("secretbox", "a", secret=SHORT))),
    "a key of a strange length": rules(rule("secrets", keys("aescbc", "a", secret="YWJjZA=="))),
    "capitals": rules(rule("Secrets", IDENTITY)),
    "a bare star": rules(rule("'*'", IDENTITY)),
    "one resource of all groups": rules(rule("'secrets.*'", IDENTITY)),
    "an overlap": rules(rule("secrets, '*.'", IDENTITY)),
    "everything and more": rules(rule("'*.*', secrets", IDENTITY)),
    "a duplicate": rules(rule("secrets, secrets", IDENTITY)),
    "a duplicate in two ways": rules(rule("secrets, secrets.", IDENTITY)),
    "one group in two rules": rules(rule("'*.apps'", keys("secretbox", "a")), rule("'*.apps'", IDENTITY)),
    "the core group in two rules": rules(rule("'*.'", IDENTITY), rule("events.", IDENTITY), rule("'*.'", IDENTITY)),
    "everything in two rules": rules(rule("'*.*'", keys("secretbox", "a")), rule("'*.*'", IDENTITY)),
    "a rule that is masked": rules(rule("'*.apps'", IDENTITY), rule("deployments.apps", keys("secretbox", "a"))),
    "a rule behind everything": rules(rule("'*.*'", IDENTITY), rule("secrets", keys("secretbox", "a"))),
    "events of their own group": rules(rule("events.events.k8s.io", IDENTITY)),
    "extensions": rules(rule("ingresses.extensions", IDENTITY)),
    "what has no API": rules(rule("apiserveripinfo", IDENTITY)),
    "one plugin twice": rules(rule("secrets", kms("a")), rule("configmaps", kms("a"))),
    "a plugin with a colon": rules(rule("secrets", kms("'a:b'"))),
    "a plugin without a socket": rules(rule("secrets", kms("a").replace("unix:", "tcp:"))),
    "a cache for version 2": rules(rule("secrets", kms("a", ", cachesize: 10"))),
    "no time for a plugin": rules(rule("secrets", kms("a", ", timeout: 0s"))),
    "a strange time for a plugin": rules(rule("secrets", kms("a", ", timeout: soon"))),
    "version 3": rules(rule("secrets", kms("a").replace("v2", "v3"))),
    "cut off": TAKEN["json"][:-9],
    "cut off in a key": rules(rule("secrets", keys("secretbox", "a")))[:-30],
}


@pytest.fixture(scope="module")
def judge(control_plane_programs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """What the API server says of a text."""
    found = Judge(control_plane_programs["kube-apiserver"], tmp_path_factory.mktemp("judge"))
    return lambda text: found.refusal(text.encode())


QUICK = {"several rules", "json", "one key under two names", "an unknown field", "an overlap", "one plugin twice"}
"""What is judged in every run; the rest by make verify."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.verify) for name in (*TAKEN, *REFUSED)]
)
def test_judged(name: str, judge: Callable[[str], str]) -> None:
    """kube-apiserver itself starts with what is called taken here, and not with what is called refused."""
    assert (judge((TAKEN | REFUSED)[name]) == "") == (name in TAKEN)


@pytest.mark.parametrize("name", TAKEN)
def test_taken(name: str) -> None:
    """What kube-apiserver starts with can be read."""
    assert parse(TAKEN[name].encode(), "config.yaml").rules


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    """What kube-apiserver does not start with is refused, and no key stands in the words."""
    with pytest.raises(DocumentError) as caught:
        parse(REFUSED[name].encode(), "config.yaml")
    said = caught.value.message + caught.value.hint
    assert "config.yaml" in said
    assert LONG not in said
    assert SHORT not in said


def test_one_way_to_name_a_resource() -> None:
    """What is written with the dot of the core group is the same resource: ``rule_of`` finds it by its name alone."""
    found = parse(TAKEN["a core resource with its dot"].encode(), "config.yaml")
    assert [rule.resources for rule in found.rules] == [("secrets",), ("*.",)]
    assert found.rule_of("secrets") == found.rules[0]
    assert found.rule_of("events") == found.rules[1]

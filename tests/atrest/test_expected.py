"""Which rule says how an object shall lie, and whether it does."""

from __future__ import annotations

import pytest

from strongroom.atrest.configuration import parse
from strongroom.atrest.expected import Expected, expected, name_of, patterns, readable, rule_of
from strongroom.atrest.servers import config_hash
from strongroom.model.controlplane import StoredAs

CONFIGURATION = parse(
    b"""\
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
  - resources: [secrets]
    providers:
      - kms: {apiVersion: v2, name: vault, endpoint: 'unix:///run/kms.sock'}
      - identity: {}
  - resources: ['*.apps']
    providers:
      - secretbox: {keys: [{name: a, secret: b2xkLW9sZC1vbGQtb2xkLW9sZC1vbGQtb2xkLW9sZC0=}]}
  - resources: ['*.*']
    providers:
      - identity: {}
""",
    "the file",
)
RULES = expected(CONFIGURATION, {0, 1})


def test_of_a_configuration() -> None:
    """Each rule expects what its first provider writes; a rule that was not chosen does not matter."""
    assert [(rule.provider, rule.key, rule.anyhow) for rule in RULES] == [
        ("kms v2", "vault", False),
        ("secretbox", "a", False),
        ("identity", "", True),
    ]
    assert patterns(RULES) == ("secrets", "*.apps")
    assert readable(CONFIGURATION)["secrets"] == {StoredAs("kms v2", "vault"), StoredAs("identity")}


def test_one_name_in_two_rules() -> None:
    """The first of two rules for one resource says how it is written, and both say what can be read."""
    text = CONFIGURATION.text.reveal().replace(b"'*.apps'", b"secrets, configmaps")
    joined = parse(text, "the file")
    assert joined.joined == ("secrets",)
    assert CONFIGURATION.joined == ()
    box = StoredAs("secretbox", "a")
    assert readable(joined)["secrets"] == {StoredAs("kms v2", "vault"), StoredAs("identity"), box}
    assert readable(joined)["configmaps"] == {box}
    assert rule_of(expected(joined, {0, 1}), "secrets") == expected(joined, {0})[0]


@pytest.mark.parametrize(
    ("resource", "provider"),
    [
        ("secrets", "kms v2"),
        ("deployments.apps", "secretbox"),
        ("configmaps", "identity"),
        ("w.example.com", "identity"),
    ],
)
def test_rule_of(resource: str, provider: str) -> None:
    """Who names a resource counts before its group, and its group before everything."""
    rule = rule_of(RULES, resource)
    assert rule is not None
    assert rule.provider == provider
    assert rule_of(RULES[:1], "configmaps") is None


def test_names_of_etcd() -> None:
    """Resources that lie in etcd without their group get it back."""
    assert [name_of(name) for name in ("secrets", "deployments", "widgets.example.com")] == [
        "secrets",
        "deployments.apps",
        "widgets.example.com",
    ]


def test_met() -> None:
    """Provider, key and, where it is asked for, the id of the KMS key have to agree."""
    rule = RULES[0]
    assert rule.met(StoredAs("kms v2", "vault", "any"))
    assert not rule.met(StoredAs("kms v2", "other", "any"))
    assert not rule.met(StoredAs("identity"))
    strict = Expected(("secrets",), "kms v2", "vault", config_hash(b"second"))
    assert strict.met(StoredAs("kms v2", "vault", "second"))
    assert not strict.met(StoredAs("kms v2", "vault", "first"))

"""What facts about encryption at rest come to."""

from __future__ import annotations

from strongroom.atrest.configuration import parse
from strongroom.atrest.judging import (
    alike,
    expected,
    kms_keys,
    lines,
    not_named,
    problems_of_bytes,
    problems_of_plugins,
    problems_of_servers,
    readers_of,
    rules_of,
    state_of,
)
from strongroom.atrest.members import Member
from strongroom.atrest.servers import KmsSeen, Loaded, config_hash
from strongroom.atrest.stored import Count
from strongroom.model.at_rest import Configured, ConfiguredFile, KmsKey, Problem, Reader, ServerState, Standing
from strongroom.model.controlplane import StoredAs
from strongroom.model.finding import Severity

_PLAIN, _NEW, _OLD, _KMS = Reader("identity"), Reader("secretbox", "new"), Reader("aescbc", "old"), Reader("kms", "v")
_RULES = (Configured(("secrets", "configmaps"), (_NEW, _OLD, _PLAIN)),)
_BY_KMS = (Configured(("secrets",), (_KMS, _NEW)),)


def _way(provider: str, key: str = "", kms: str = "") -> StoredAs:
    return StoredAs(provider, key, kms)


def _standing(how: StoredAs, rules: tuple[Configured, ...], resource: str = "secrets", **kms: KmsKey) -> Standing:
    (line,) = lines([Count(resource, how, 1, 1, 1)], rules, kms)
    return line.standing


def _problems(
    counts: list[Count], rules: tuple[Configured, ...], kms: dict[str, KmsKey] | None = None
) -> list[Problem]:
    return list(problems_of_bytes(lines(counts, rules, kms or {}), rules, {}))


def test_how_ways_stand_to_a_configuration() -> None:
    """The first provider is right, a later one is to be rewritten, none cannot be read; plain text is always told."""
    assert _standing(_way("secretbox", "new"), _RULES) is Standing.CURRENT
    assert _standing(_way("aescbc", "old"), _RULES) is Standing.STALE
    assert _standing(_way("aesgcm", "new"), _RULES) is Standing.UNREADABLE
    assert _standing(_way("kms v2", "new", "k"), _RULES) is Standing.UNREADABLE
    assert _standing(_way("unknown"), _RULES) is Standing.UNREADABLE
    assert _standing(_way("identity"), _RULES) is Standing.PLAIN
    assert _standing(_way("secretbox", "new"), ()) is Standing.OPEN
    # What no rule covers is read as plain text: what is encrypted there cannot be read.
    assert _standing(_way("secretbox", "new"), _RULES, "deployments") is Standing.UNREADABLE
    assert lines([Count("deployments", _way("identity"), 1, 1, 1)], _RULES, {}) == ()


def test_what_a_rule_leaves_out_of_a_wildcard() -> None:
    """A resource that a rule writes in plain text on purpose is right so; Secrets never are."""
    rules = (Configured(("events", "secrets"), (_PLAIN,)), Configured(("*.*",), (_NEW,)))

    assert _standing(_way("identity"), rules, "events") is Standing.CURRENT
    assert _standing(_way("identity"), rules, "secrets") is Standing.PLAIN
    assert _standing(_way("identity"), rules, "pods") is Standing.PLAIN


def test_the_rule_that_counts() -> None:
    """Who names a resource counts before its group, and its group before everything, in whatever order they stand."""
    rules = (
        Configured(("*.*",), (_OLD,)),
        Configured(("*.apps", "*."), (_PLAIN,)),
        Configured(("deployments.apps", "nodes"), (_NEW,)),
    )

    assert readers_of(rules, "deployments") == (_NEW,)
    assert readers_of(rules, "daemonsets") == (_PLAIN,)
    assert readers_of(rules, "nodes") == (_NEW,)
    assert readers_of(rules, "pods") == (_PLAIN,)
    assert readers_of(rules, "widgets.example.com") == (_OLD,)
    assert readers_of(_RULES, "pods") == ()
    assert expected(rules) == ("secrets", "*.*", "*.apps", "*.", "deployments.apps", "nodes")


def test_keys_of_a_kms_plugin() -> None:
    """Values under another key than the plugin's present one are to be rewritten, by its id or by the hash of it."""
    value = _way("kms v2", "v", "key-1")

    assert _standing(value, _BY_KMS) is Standing.CURRENT
    assert _standing(value, _BY_KMS, v=KmsKey("v", "key-1")) is Standing.CURRENT
    assert _standing(value, _BY_KMS, v=KmsKey("v", config_hash(b"key-1"))) is Standing.CURRENT
    assert _standing(value, _BY_KMS, v=KmsKey("v", "key-2")) is Standing.STALE
    assert _standing(value, _BY_KMS, v=KmsKey("v", config_hash(b"key-2"))) is Standing.STALE
    assert _standing(value, _BY_KMS, other=KmsKey("other", "key-2")) is Standing.CURRENT


def test_problems_say_how_many_and_how_bad() -> None:
    """Plain text is high, a missing key critical, an older key low; each says what to do."""
    counts = [
        Count("secrets", _way("identity"), 7, 2, 9),
        Count("secrets", _way("aescbc", "old"), 190, 10, 300),
        Count("secrets", _way("aesgcm", "lost"), 1, 11, 11),
        Count("secrets", _way("secretbox", "new"), 1002, 301, 2000),
    ]
    found = [(p.id, p.severity, p.message) for p in _problems(counts, _RULES)]

    assert found == [
        ("plaintext", Severity.HIGH, "7 of 1,200 secrets lie in plain text"),
        ("old-key", Severity.LOW, "190 of 1,200 secrets lie under aescbc old, and not under secretbox new"),
        (
            "unknown-key",
            Severity.CRITICAL,
            "1 of 1,200 secrets lie under aesgcm lost, which the configuration does not have",
        ),
    ]
    assert all(p.hint for p in _problems(counts, _RULES))


def test_writes_under_a_retired_kms_key() -> None:
    """A value under the old key that is newer than one under the present key was written after the rotation."""
    old, new = _way("kms v2", "v", "key-1"), _way("kms v2", "v", "key-2")
    present = {"v": KmsKey("v", "key-2")}
    before = [Count("secrets", old, 5, 10, 90), Count("secrets", new, 5, 91, 99)]
    after = [Count("secrets", old, 5, 10, 95), Count("secrets", new, 5, 91, 99)]

    assert [p.id for p in _problems(before, _BY_KMS, present)] == ["old-key"]
    (_, late) = _problems(after, _BY_KMS, present)
    assert (late.id, late.severity) == ("kms-old-key", Severity.MEDIUM)
    assert "revision 95" in late.message


def test_what_a_server_works_with() -> None:
    """The hash is compared with the file's; what the server saw of a plugin tells which key it writes with."""
    file = ConfiguredFile("e.yaml", "sha256:aa", ())
    seen = (
        KmsSeen("v", "sha256:1", "status", 1000.0),
        KmsSeen("v", "sha256:1", "to_storage", 1100.0),
        KmsSeen("v", "sha256:2", "status", 1200.0),
        KmsSeen("v", "sha256:2", "from_storage", 1300.0),
    )
    same = state_of("a", Loaded("sha256:aa", 5.0, 0, 1.0, seen), [file], healthy=True)
    other = state_of("b", Loaded("sha256:bb", 0.0, 3, 1.0), [file], healthy=None)
    open_ = state_of("c", Loaded("sha256:bb", 0.0, 0, 1.0), [], healthy=None)

    assert (same.same, other.same, open_.same) == (True, False, None)
    # Another file that was found beside the one that counts is not what is configured.
    beside = [file, ConfiguredFile("old.yaml", "sha256:bb", ())]
    assert state_of("b", Loaded("sha256:bb", 0.0, 0, 1.0), beside, healthy=None).same is False
    assert same.kms == (KmsKey("v", "sha256:2", None, "sha256:1", 1100.0, 1000.0),)
    assert kms_keys([same]) == {"v": same.kms[0]}
    assert kms_keys([same], [KmsKey("v", "key-9", healthy=True)])["v"].now == "key-9"
    assert [p.id for p in problems_of_servers([same, open_])] == []
    (problem,) = problems_of_servers([other])
    assert problem.id == "not-loaded"
    assert "it refused a changed file 3 times" in problem.message


def test_writes_that_go_on_under_a_key_that_is_no_longer_named() -> None:
    """A server that writes minutes after its plugin named the key last, or whose plugin is unhealthy, is a problem."""
    soon = ServerState("a", kms=(KmsKey("v", "sha256:2", None, "sha256:1", 1170.0, 1000.0),))
    late = ServerState("b", kms=(KmsKey("v", "sha256:2", None, "sha256:1", 1700.0, 1000.0),))
    ill = ServerState("c", healthy=False, kms=(KmsKey("v", "sha256:2", None, "sha256:2", 1000.0, 1001.0),))
    gone = ServerState("server-d", problem="the API server does not answer")

    assert list(problems_of_servers([soon])) == []
    found = [(p.id, p.severity, p.message) for p in problems_of_servers([late, ill, gone])]
    assert found == [
        ("kms-old-key", Severity.HIGH, "b wrote under a key that v had not named for 11 minutes"),
        ("kms-unhealthy", Severity.HIGH, "c finds v unhealthy, and wrote last at 1970-01-01 00:16:40 UTC"),
        ("not-asked", Severity.HIGH, "server-d: the API server does not answer"),
    ]
    assert [p.id for p in problems_of_plugins([KmsKey("v", "k", healthy=False), KmsKey("w", "k", healthy=True)])] == [
        "kms-unhealthy"
    ]


def test_servers_that_nobody_named() -> None:
    """A server that holds a Lease and was not asked is named; one without a configuration may be any of them."""
    alive = [Member("sha256:a", "one"), Member("sha256:b", "two"), Member("sha256:b", "two")]

    assert list(not_named(alive, ["sha256:a", "sha256:b"])) == []
    (problem,) = not_named(alive, ["sha256:a"])
    assert problem.message == "the API server on two was not asked"
    assert list(not_named(alive, ["sha256:a", ""])) == []
    (several,) = not_named(alive, [""])
    assert several.message == "the API server on one, two: 1 of them not asked"


def test_rules_of_a_file_and_names_with_colons() -> None:
    """A file's rules are told by names, in order; keys that differ only after a colon cannot be told apart, and are said."""
    key = "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE="
    text = f"""\
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
  - resources: [secrets]
    providers:
      - secretbox: {{keys: [{{name: "k:1", secret: {key}}}, {{name: "k:2", secret: {key}}}]}}
      - kms: {{apiVersion: v2, name: v, endpoint: "unix:///k"}}
      - identity: {{}}
"""
    (rule,) = rules = rules_of(parse(text.encode(), "e.yaml"))

    assert rule == Configured(("secrets",), (Reader("secretbox", "k:1"), Reader("secretbox", "k:2"), _KMS, _PLAIN))
    assert rule.readers[0].reads(_way("secretbox", "k"))
    (said,) = alike(rules)
    assert "k:1 and k:2" in said
    assert list(alike(_RULES)) == []

"""A configuration and its text change together: nothing becomes unreadable before it may, and no comment is lost."""

from __future__ import annotations

import base64
import functools
import json
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.atrest.changes import (
    NEW_KINDS,
    PLAIN,
    covering,
    fresh,
    fresh_key,
    obsolete,
    plugin,
    promoted,
    with_second,
    without,
)
from strongroom.atrest.configuration import IDENTITY, Configuration, KeyRef, Provider, parse
from strongroom.atrest.edit import Edit, edit, made
from strongroom.crypto.plan_values import opened, seal
from strongroom.errors import DocumentError, PlanError, UsageError
from strongroom.model.plan import Sealed, Text
from strongroom.plans.files import spliced

KEY = b"k" * 32
SEAL = functools.partial(seal, key=KEY)
TODAY = date(2026, 11, 21)


def bring(before: Configuration, wanted: Configuration) -> Configuration:
    """Edit the text, prove that the splices lead there and hold no key, and return what it says then."""
    change = edit(before, wanted, SEAL, "it")
    data = before.text.reveal()
    after = spliced(data, change.splices, lambda piece: opened(piece, KEY).reveal())
    assert after == change.data.reveal()
    hide(change)
    assert [rule.readers for rule in change.configuration.rules] == [rule.readers for rule in wanted.rules]
    assert [rule.resources for rule in change.configuration.rules] == [rule.resources for rule in wanted.rules]
    return change.configuration


def hide(change: Edit) -> None:
    """See that no key stands in the text that splices bring."""
    text = "".join(piece.text for splice in change.splices for piece in splice.pieces if isinstance(piece, Text))
    for rule in change.configuration.rules:
        for provider in rule.providers:
            for key in provider.keys:
                assert key.secret.reveal().decode() not in text


SECRETS = st.binary(min_size=32, max_size=32).map(lambda data: base64.b64encode(data).decode())
NAMES = st.sampled_from(["key1", "old", "2024", "a b", "yes", "k:1", "#x"])


@st.composite
def providers(draw: st.DrawFn) -> dict[str, object]:
    """Return a provider as a file has it."""
    kind = draw(st.sampled_from(["aescbc", "aesgcm", "secretbox", "identity"]))
    if kind == "identity":
        return {"identity": {}}
    names = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    return {kind: {"keys": [{"name": name, "secret": draw(SECRETS)} for name in names]}}


def unlike(some: list[dict[str, object]]) -> bool:
    """Tell whether no two providers are of a kind."""
    return len({kind for one in some for kind in one}) == len(some)


RULES = st.lists(st.lists(providers(), min_size=1, max_size=4).filter(unlike), min_size=1, max_size=3)
RESOURCES = (["secrets"], ["configmaps", "*.apps"], ["*.*"])


def written(rules: list[list[dict[str, object]]], style: str) -> bytes:
    """Write a configuration: in JSON, in flow style, in block style with comments."""
    body = {
        "kind": "EncryptionConfiguration",
        "apiVersion": "apiserver.config.k8s.io/v1",
        "resources": [{"resources": names, "providers": some} for names, some in zip(RESOURCES, rules, strict=False)],
    }
    if style in ("json", "pretty"):
        return json.dumps(body, indent=2 if style == "pretty" else None).encode()
    lines = ["# ours", "kind: EncryptionConfiguration", "apiVersion: apiserver.config.k8s.io/v1", "resources:"]
    lead = "  " if style == "indented" else ""
    for names, some in zip(RESOURCES, rules, strict=False):
        lines += [f"{lead}- resources: {json.dumps(names)}  # comment", f"{lead}  providers:"]
        for provider in some:
            [(kind, settings_)] = provider.items()
            lines.append(f"{lead}  # comment on {kind}")
            if style == "flow" or kind == "identity":
                lines.append(f"{lead}  - {kind}: {json.dumps(settings_)}  # comment")
                continue
            lines += [f"{lead}  - {kind}:", f"{lead}      keys:"]
            for key in settings_["keys"]:  # type: ignore[index]
                lines.append(f"{lead}      # comment on a key")
                lines.append(f"{lead}      - name: {json.dumps(key['name'])}")
                lines += [f"{lead}        secret: {key['secret']}  # comment", ""]
    return ("\n".join(lines) + "\n").encode()


@settings(max_examples=80)
@given(
    rules=RULES,
    style=st.sampled_from(["block", "indented", "flow", "json", "pretty"]),
    kind=st.sampled_from([*NEW_KINDS, "kms", IDENTITY]),
)
def test_rotation(rules: list[list[dict[str, object]]], style: str, kind: str) -> None:
    """Second, first, and alone: each reads all that the one before wrote, in every layout, with all comments kept."""
    begin = parse(written(rules, style), "it")
    new: Provider = PLAIN if kind == IDENTITY else plugin("vault", "unix:///run/kms.sock")
    if kind in NEW_KINDS:
        new = fresh_key(kind, begin.names, TODAY)
    second = bring(begin, with_second(begin, new))
    first = bring(second, promoted(second, new))
    alone = bring(first, without(first, obsolete(first)))
    for one, former in zip(second.rules, begin.rules, strict=True):
        assert one.writer == former.writer
        assert set(one.readers) >= set(former.readers)
    for one, former in zip(first.rules, second.rules, strict=True):
        assert set(one.readers) == set(former.readers)
        assert one.writer.kind == kind
    for one, former in zip(alone.rules, first.rules, strict=True):
        assert one.writer == former.writer
        assert {reader.kind for reader in one.readers} <= {kind, IDENTITY}
    for changed in (second, first):
        assert changed.text.reveal().count(b"# comment") == begin.text.reveal().count(b"# comment")


def test_writer_stays() -> None:
    """A key that encrypts cannot be removed, nor one become the first that the file does not have."""
    new = fresh_key("secretbox", (), TODAY)
    found = made(fresh(["secrets"], new, staged=False), SEAL, "it").configuration
    with pytest.raises(PlanError, match="still writes with secretbox key-2026-11-21"):
        without(found, [KeyRef("secretbox", new.keys[0].name)])
    with pytest.raises(PlanError, match="cannot read with the new key"):
        promoted(found, fresh_key("secretbox", found.names, TODAY))


def test_new_file() -> None:
    """A new file says what was wanted, holds its key sealed only, and what is narrower than a wildcard is left out."""
    new = fresh_key("aesgcm", (), TODAY)
    change = made(fresh(["secrets", "*.example.com", "a.example.com"], new, staged=True), SEAL, "it")
    hide(change)
    [rule] = change.configuration.rules
    assert rule.resources == ("secrets", "*.example.com")
    assert rule.readers == (KeyRef(IDENTITY), KeyRef("aesgcm", new.keys[0].name))
    sealed = [piece for splice in change.splices for piece in splice.pieces if isinstance(piece, Sealed)]
    assert [opened(piece, KEY) for piece in sealed] == [new.keys[0].secret]


def test_no_new_aescbc() -> None:
    """Nothing new is encrypted by AES-CBC, and a name that was taken is not given again."""
    with pytest.raises(UsageError, match="no new keys are made for aescbc"):
        fresh_key("aescbc", (), TODAY)
    names = {fresh_key("secretbox", (), TODAY).keys[0].name for _ in range(50)}
    assert all(name.startswith("key-2026-11-21-") for name in names)
    assert len(names) > 1


def test_refused_edit() -> None:
    """What the API server would refuse is not made, and a file with aliases is not damaged."""
    new = plugin("vault", "unix:///run/kms.sock")
    with pytest.raises(DocumentError, match="capital letters"):
        made(fresh(["Secrets"], new, staged=False), SEAL, "it")
    key = base64.b64encode(b"0" * 32).decode()
    text = (
        "kind: EncryptionConfiguration\napiVersion: apiserver.config.k8s.io/v1\nresources:\n"
        f"- resources: [secrets]\n  providers: &p\n  - secretbox: {{keys: [{{name: a, secret: {key}}}]}}\n"
        "- resources: [configmaps]\n  providers: *p\n"
    )
    found = parse(text.encode(), "it")
    with pytest.raises(PlanError, match="it cannot be edited"):
        edit(found, with_second(found, fresh_key("secretbox", (), TODAY), [0]), SEAL, "it")


def test_covering() -> None:
    """More resources join the first rule that encrypts, or get a rule of their own where they may not."""
    new = fresh_key("secretbox", (), TODAY)
    found = made(fresh(["secrets"], new, staged=False), SEAL, "it").configuration
    joined = bring(found, covering(found, ["configmaps", "secrets"], new, staged=False))
    assert [rule.resources for rule in joined.rules] == [("secrets", "configmaps")]
    apart = bring(found, covering(found, ["configmaps"], plugin("vault", "unix:///a"), staged=True))
    assert [rule.resources for rule in apart.rules] == [("secrets",), ("configmaps",)]
    assert apart.rules[1].readers == (KeyRef(IDENTITY), KeyRef("kms", "vault"))

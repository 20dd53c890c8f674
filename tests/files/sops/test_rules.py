"""Rules of ``.sops.yaml``, with the program sops as the judge of which one holds."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.sops import PROGRAM as SOPS

from strongroom.errors import DocumentError, StrongroomError, UsageError
from strongroom.files.sops.rules import NOTHING_ASKED, Asked, find, look_up, rule_for
from strongroom.files.sops.selection import MATCHERS, Selection

R = [
    "age12fdec3hwapyf9zf8gjju2tuanzn2p0h8jv9vjuvv6srwtm4e8aasnj6uwq",
    "age1nwrph8udv2xjfxcv26cgx3n3pchzjjtjycdr9kelkdpwmqce3gkq7yqw0y",
    "age1w6s0kjw9n7nvvcvp6z4vrgahlwv655ndh7u5vljgvct7gftplacs33am04",
]


class Answer(NamedTuple):
    """What is chosen for a file: recipients of each group, threshold, selection; None where it is refused."""

    groups: tuple[tuple[str, ...], ...]
    threshold: int
    selection: dict[str, Any]


def _sops(folder: Path, name: str, options: tuple[str, ...]) -> Answer | None:
    """Ask sops by letting it encrypt."""
    done = subprocess.run(
        [SOPS, "--disable-version-check", *options, name],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        capture_output=True,
        check=False,
    )
    if done.returncode:
        return None
    text = done.stdout
    said = json.loads(text)["sops"] if text.startswith(b"{") else yaml.safe_load(text)["sops"]
    groups = said.get("key_groups") or [{"age": said.get("age") or []}]
    return Answer(
        tuple(tuple(key["recipient"] for key in group.get("age") or []) for group in groups),
        said.get("shamir_threshold", 0),
        {field: said[field] for field in (*MATCHERS, "mac_only_encrypted") if said.get(field)},
    )


def _ours(folder: Path, name: str, asked: Asked) -> Answer | None:
    environment: dict[str, str] = {}
    try:
        rule = rule_for(folder / name, find(folder, environment), environment, asked)
    except StrongroomError:
        return None
    return Answer(
        tuple(tuple(key.name for key in group) for group in rule.groups),
        rule.shamir_threshold,
        {field: value for field, value in rule.selection._asdict().items() if value},
    )


_PATTERNS = (
    r"\.yaml$",
    r"^secret",
    r"(?i)SECRET",
    r"^dir/[^/]+\.yaml$",
    "b.yaml",
    r"\Qb.yaml\E",
    r"[[:alpha:]]\.yaml\z",
    r"(?P<n>b)\.ya?ml",
    r"\pL+",
    "x{2}",
    "(",
    r"(?=b)",
    "",
    r"^/",
)
_SELECTIONS = {
    "unencrypted_suffix": "_plain",
    "encrypted_suffix": "_secret",
    "unencrypted_regex": "^meta",
    "encrypted_regex": "^data$",
    "unencrypted_comment_regex": "plain",
    "encrypted_comment_regex": "secret",
}

_recipients = st.lists(st.sampled_from(R), min_size=1, max_size=3)
_age = st.one_of(
    _recipients.map(",".join), _recipients.map(" , ".join), _recipients, st.just(f"{R[0]},"), st.none(), st.just(7)
)
_group = st.fixed_dictionaries(
    {"age": _recipients}, optional={"merge": st.lists(st.fixed_dictionaries({"age": _recipients}), max_size=2)}
)
_creation_rule = st.fixed_dictionaries(
    {},
    optional={
        "path_regex": st.sampled_from(_PATTERNS),
        "age": _age,
        "key_groups": st.lists(_group, max_size=3),
        "shamir_threshold": st.sampled_from([0, 1, 2, 3, "2", 2.0, None]),
        "mac_only_encrypted": st.sampled_from([True, False, "yes", "maybe"]),
        "unknown": st.just({"a": 1}),
        **{name: st.just(text) for name, text in _SELECTIONS.items()},
    },
)
_config = st.one_of(
    st.fixed_dictionaries(
        {"creation_rules": st.lists(_creation_rule, max_size=4)},
        optional={"stores": st.just({"yaml": {"indent": 2}}), "destination_rules": st.just([{"s3_bucket": "b"}])},
    ),
    st.just({}),
    st.just({"creation_rules": None}),
    st.just({"creation_rules": {"a": 1}}),
)
_names = st.sampled_from(["b.yaml", "dir/b.yaml", "secret.json", "dir/xx/b.yaml"])
_options: st.SearchStrategy[dict[str, str]] = st.one_of(
    st.just({}),
    st.fixed_dictionaries({}, optional={name: st.just(text) for name, text in _SELECTIONS.items()}),
)


def _compare(config: dict[str, Any], name: str, keys: str, selection: dict[str, str], threshold: int) -> None:
    with TemporaryDirectory() as place:
        folder = Path(place).resolve()
        (folder / ".sops.yaml").write_text(yaml.safe_dump(config))
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text('{"data": 1, "meta": 2, "x_secret": 3, "y_plain": 4}\n')
        words = ["-e"]
        words += [f"--age={keys}"] if keys else []
        words += [f"--{field.replace('_', '-')}={text}" for field, text in selection.items()]
        words += [f"--shamir-secret-sharing-threshold={threshold}"] if threshold else []
        asked = Asked(
            keys=(("age", keys),) if keys else (),
            selection=Selection()._replace(**selection),  # type: ignore[arg-type]
            shamir_threshold=threshold,
            format="json" if name.endswith(".json") else "yaml",
        )
        theirs, ours = _sops(folder, name, tuple(words)), _ours(folder, name, asked)
    if theirs is not None and not any(theirs.groups):
        theirs = None  # sops writes a file that nobody can open; ours refuses
    assert ours == theirs


@settings(max_examples=80)
@given(_config, _names, st.sampled_from(["", R[2]]), _options, st.sampled_from([0, 0, 0, 2]))
def test_as_sops(config: dict[str, Any], name: str, keys: str, selection: dict[str, str], threshold: int) -> None:
    """Ours takes the same keys, threshold and selection as sops, and refuses what sops refuses."""
    _compare(config, name, keys, selection, threshold)


@pytest.mark.verify
@settings(max_examples=2000)
@given(_config, _names, st.sampled_from(["", R[2]]), _options, st.sampled_from([0, 0, 0, 2]))
def test_as_sops_at_length(
    config: dict[str, Any], name: str, keys: str, selection: dict[str, str], threshold: int
) -> None:
    """The same, on thousands of configurations."""
    _compare(config, name, keys, selection, threshold)


@pytest.mark.parametrize(
    "text",
    [
        "creation_rules: [{path_regex: 7, age: R}]",
        "creation_rules:\n- &a {age: R}\n- *a\n",
        "creation_rules:\n- {<<: {age: R, encrypted_regex: x}, encrypted_regex: y}\n",
        "creation_rules:\n- {<<: [{encrypted_regex: y}, {encrypted_regex: x, age: R}]}\n",
        "creation_rules:\n- age: R\n  age: R\n",
        "creation_rules:\n- age: R\n---\ncreation_rules: []\n",
        "creation_rules:\n- {age: R, mac_only_encrypted: on}\n",
        "creation_rules:\n- {age: R, mac_only_encrypted: 'true'}\n",
        "creation_rules:\n- {age: R, shamir_threshold: 0x1}\n",
        "creation_rules:\n- {age: R, encrypted_regex: yes}\n",
        "creation_rules:\n- {age: R, encrypted_regex: ~}\n",
        "creation_rules:\n- {age: R, encrypted_regex: [a]}\n",
        "creation_rules:\n- {age: [R, 7]}\n",
        "creation_rules:\n- {age: {a: R}}\n",
        "creation_rules: [{age: R}\n",
        "# nothing\n",
        "[]\n",
        "creation_rules:\n- ~\n",
        "creation_rules:\n- {key_groups: [{age: R}]}\n",
        "creation_rules:\n- {key_groups: [{age: [7]}]}\n",
        "creation_rules:\n- &a {key_groups: &g [{age: [R], merge: *g}]}\n",
        "stores: {yaml: 7}\ncreation_rules: [{age: R}]\n",
        "stores: {yaml: {indent: x}}\ncreation_rules: [{age: R}]\n",
        "destination_rules: 7\ncreation_rules: [{age: R}]\n",
        "destination_rules: [{omit_extensions: 7}]\ncreation_rules: [{age: R}]\n",
        "destination_rules: [{recreation_rule: {path_regex: [7]}}]\ncreation_rules: [{age: R}]\n",
    ],
)
def test_odd_configurations(text: str, tmp_path: Path) -> None:
    """Oddly written configurations are read, or refused, as sops does."""
    (tmp_path / ".sops.yaml").write_text(text.replace("R", R[0]))
    (tmp_path / "a.yaml").write_text("data: 1\n")
    theirs, ours = _sops(tmp_path, "a.yaml", ("-e",)), _ours(tmp_path, "a.yaml", NOTHING_ASKED)

    assert ours == (theirs if theirs is None or any(theirs.groups) else None)


def _tree(top: Path, *names: str) -> None:
    for name in names:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(f"creation_rules: [{{age: {R[0]}}}]\n")


def test_the_nearest_is_found(tmp_path: Path) -> None:
    """The search goes from a folder upwards and ends at the first; a ``.sops.yml`` below it is passed over and told."""
    _tree(tmp_path, ".sops.yaml", "a/.sops.yaml", "a/b/.sops.yml")
    (tmp_path / "a/b/c").mkdir()

    assert find(tmp_path / "a/b/c", {}) == tmp_path / "a/.sops.yaml"
    assert look_up(tmp_path / "a/b/c", {}).ignored == tmp_path / "a/b/.sops.yml"
    assert look_up(tmp_path / "a", {}).ignored is None


def test_the_environment_names_one(tmp_path: Path) -> None:
    """``SOPS_CONFIG`` goes before the search, and need not have sops' name."""
    _tree(tmp_path, ".sops.yaml", "other.yaml")

    assert find(tmp_path, {"SOPS_CONFIG": str(tmp_path / "other.yaml")}) == tmp_path / "other.yaml"
    assert find(tmp_path, {"SOPS_CONFIG": ""}) == tmp_path / ".sops.yaml"


def test_links_count_as_the_shell_shows_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder that was entered over a link, paths are those of the link, as for sops."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "real/.sops.yaml").write_text(f"creation_rules: [{{path_regex: link/b.yaml$, age: {R[0]}}}]\n")
    (tmp_path / "b.yaml").write_text("a: 1\n")
    monkeypatch.chdir(tmp_path / "link")
    config = find(Path(), {"PWD": str(tmp_path / "link")})

    assert config == tmp_path / "link/.sops.yaml"
    assert rule_for(tmp_path / "link/b.yaml", tmp_path / "real/.sops.yaml", {"PWD": "/"})
    with pytest.raises(UsageError, match="no creation rule"):
        rule_for(Path("b.yaml"), config, {"PWD": str(tmp_path / "link")})


def _rule(tmp_path: Path, text: str, asked: Asked = NOTHING_ASKED, name: str = "a.yaml") -> Any:
    (tmp_path / ".sops.yaml").write_text(text)
    return rule_for(tmp_path / name, tmp_path / ".sops.yaml", {}, asked)


ARN = "arn:aws:kms:eu-west-1:111122223333:key/1111aaaa-2222-3333-4444-555566667777"


def test_keys_of_all_kinds_in_order(tmp_path: Path) -> None:
    """The keys of a rule come in sops' order, whatever the order in the file; an AWS profile goes to each KMS key."""
    rule = _rule(
        tmp_path,
        f"""\
creation_rules:
  - hc_vault_transit_uri: https://vault.example.org:8200/v1/transit/keys/dev
    azure_keyvault: https://v.vault.azure.net/keys/k/0123456789abcdef
    gcp_kms: projects/p/locations/global/keyRings/r/cryptoKeys/k
    kms: {ARN}
    aws_profile: shop
    pgp: FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4
    age: {R[0]}
""",
    )

    assert [key.kind for key in rule.groups[0]] == ["age", "pgp", "kms", "gcp_kms", "azure_kv", "hc_vault"]
    assert dict(rule.groups[0][2].options)["aws_profile"] == "shop"


def test_groups_of_all_kinds(tmp_path: Path) -> None:
    """The entries of ``key_groups`` reach the kinds of keys with their parts; what is named twice counts once."""
    rule = _rule(
        tmp_path,
        f"""\
creation_rules:
  - key_groups:
      - merge:
          - age: [{R[0]}, {R[1]}]
        age: [{R[1]}]
        kms:
          - {{arn: "{ARN}", role: "arn:aws:iam::111122223333:role/r", context: {{app: shop}}, aws_profile: p}}
        gcp_kms: [{{resource_id: projects/p/locations/global/keyRings/r/cryptoKeys/k}}]
      - azure_keyvault: [{{vaultUrl: "https://v.vault.azure.net", key: k, version: v1}}]
        hc_vault: ["https://vault.example.org:8200/v1/transit/keys/dev"]
        pgp: [FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4]
""",
    )

    assert [[key.kind for key in group] for group in rule.groups] == [
        ["age", "age", "kms", "gcp_kms"],
        ["pgp", "azure_kv", "hc_vault"],
    ]
    assert [key.name for key in rule.groups[0][:2]] == R[:2]
    assert dict(rule.groups[0][2].options) == {
        "role": "arn:aws:iam::111122223333:role/r",
        "context.app": "shop",
        "aws_profile": "p",
    }
    assert rule.shamir_threshold == 2


def test_keys_of_the_command_line_in_order(tmp_path: Path) -> None:
    """Keys that are asked for take the place of all of the rule, with the profile and the context that are asked for."""
    asked = Asked(
        keys=(("kms", ARN), ("age", R[1])), aws_profile="p", encryption_context="app:shop,env:prod", format="json"
    )
    rule = _rule(tmp_path, f"stores: {{json: {{indent: 3}}}}\ncreation_rules: [{{age: {R[0]}}}]\n", asked)

    assert [key.name for key in rule.groups[0]] == [ARN, R[1]]
    assert dict(rule.groups[0][0].options) == {"context.app": "shop", "context.env": "prod", "aws_profile": "p"}
    assert rule.indent == 3
    with pytest.raises(UsageError, match="encryption-context"):
        _rule(tmp_path, "{}", asked._replace(encryption_context="app"))


def test_secrets_without_a_rule(tmp_path: Path) -> None:
    """Without any rule, of a Kubernetes Secret only the values are encrypted; a rule or an option undoes that."""
    keys = (("age", R[0]),)
    asked = Asked(keys=keys, manifest=True)
    rule = _rule(tmp_path, "{}", asked)

    assert rule.selection == Selection(encrypted_regex="^(data|stringData)$")
    assert rule.by_default
    assert _rule(tmp_path, "{}", Asked(keys=keys)).selection == Selection(unencrypted_suffix="_unencrypted")
    assert not _rule(tmp_path, f"creation_rules: [{{age: {R[0]}}}]", asked).by_default
    other = asked._replace(selection=Selection(encrypted_suffix="_x"))
    assert _rule(tmp_path, "{}", other).selection == Selection(encrypted_suffix="_x")


def test_binary_files_have_no_selection(tmp_path: Path) -> None:
    """A binary file is encrypted as a whole, whatever the rule selects."""
    rule = _rule(tmp_path, f"creation_rules: [{{age: {R[0]}, encrypted_regex: x}}]", Asked(format="binary"), "a.bin")

    assert rule.selection == Selection()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "nothing says who can open"),
        ("creation_rules: []", "no creation rule"),
        ("creation_rules: [{}]", "names no key"),
        (f"creation_rules: [{{key_groups: [~, {{age: [{R[0]}]}}]}}]", "a key group of .* names no key"),
        (f"creation_rules: [{{path_regex: '(', age: {R[0]}}}]", "path_regex of creation rule 1"),
        (f"creation_rules: [{{age: {R[0]}, encrypted_regex: a, encrypted_suffix: b}}]", "exclude each other"),
        (f"creation_rules: [{{key_groups: [{{age: [{R[0]}]}}, {{age: [{R[1]}]}}], shamir_threshold: 3}}]", "threshold"),
        (
            f"creation_rules: [{{key_groups: [{{age: [{R[0]}]}}, {{age: [{R[1]}]}}], shamir_threshold: 1}}]",
            "at least 2",
        ),
        ("creation_rules: [{age: age1nonsense}]", "age"),
    ],
)
def test_refusals(text: str, message: str, tmp_path: Path) -> None:
    """What cannot hold is refused with an error that names it."""
    with pytest.raises(UsageError, match=message):
        _rule(tmp_path, text)


@pytest.mark.parametrize("pattern", ["^a.b.yaml$", "^a..yaml$", "a[^x]b"])
def test_names_that_are_not_utf8(pattern: str, tmp_path: Path) -> None:
    """In a name that is not UTF-8 each such byte counts as one character, as for sops."""
    (tmp_path / ".sops.yaml").write_text(yaml.safe_dump({"creation_rules": [{"path_regex": pattern, "age": R[0]}]}))
    name = os.fsdecode(b"a\xffb.yaml")
    (tmp_path / name).write_text("data: 1\n")

    assert _ours(tmp_path, name, NOTHING_ASKED) == _sops(tmp_path, name, ("-e",))


@pytest.mark.parametrize(
    ("data", "line"), [(b"creation_rules:\n- age: [}\n", 2), (b"a: 1\ncreation_rules: x\n", 2), (b"\xff\xfe\x00", None)]
)
def test_unreadable_configurations_name_the_line(data: bytes, line: int | None, tmp_path: Path) -> None:
    """A configuration that cannot be read is named, with the line where it goes wrong."""
    (tmp_path / ".sops.yaml").write_bytes(data)
    with pytest.raises(DocumentError, match=r"\.sops\.yaml") as caught:
        rule_for(tmp_path / "a.yaml", tmp_path / ".sops.yaml", {})
    assert caught.value.line == line


def test_nested_groups_end(tmp_path: Path) -> None:
    """Groups that nest deeply, or hold themselves, are an error and no crash."""
    merges = "".join(f"{'  ' * level}  - merge:\n" for level in range(300))
    with pytest.raises(StrongroomError):
        _rule(tmp_path, f"creation_rules:\n- key_groups:\n{merges}")
    with pytest.raises(StrongroomError, match="nests too deeply"):
        _rule(tmp_path, "a: " + "[" * 200_000)
    with pytest.raises(StrongroomError):
        _rule(tmp_path, f"creation_rules:\n- key_groups: &g\n  - merge: *g\n    age: [{R[0]}]\n")

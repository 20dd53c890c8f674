"""Any file: what is recognised in it, and where it stands."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.leaks.anything import Seen, may_matter, seen_in_file
from strongroom.leaks.recognise import Recogniser
from strongroom.leaks.templates import has_actions, without_actions
from strongroom.model.finding import Confidence
from strongroom.model.origin import Origin
from strongroom.model.place import Context, Nature

PASSWORD = "Gannet7-Locker"
RECOGNISER = Recogniser()
KEY = b"\x07" * 32


def _seen(path: str, text: str) -> list[Seen]:
    found = seen_in_file(RECOGNISER, path, text.encode(), Origin("t", path), KEY)
    return [s for s in found if s.sighting.nature is Nature.SECRET and s.sighting.confidence > Confidence.LOW]


def _places(path: str, text: str) -> list[tuple[int, int]]:
    return [(s.sighting.origin.line, s.sighting.origin.column) for s in _seen(path, text)]


def _secret(**data: str) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": data}


def test_a_value_is_seen_with_its_line_column_and_text() -> None:
    """Each sighting comes with the value that it is of, at its exact place."""
    text = f"# comment\napiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\nstringData:\n  password: {PASSWORD}\n"
    (seen,) = _seen("deploy/secret.yaml", text)
    assert (seen.sighting.origin.line, seen.sighting.origin.column) == (6, 13)
    assert seen.value.reveal_text() == PASSWORD
    assert PASSWORD not in repr(seen)


def test_items_of_a_list_in_json_are_placed() -> None:
    """A List that kubectl printed as JSON is one document; its values are placed in the file."""
    encoded = base64.b64encode(PASSWORD.encode()).decode()
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": [_secret(password=encoded)]}, indent=2)
    ((line, column),) = _places("dump.json", text)
    assert text.splitlines()[line - 1][column - 1 :].startswith(f'"{encoded}') or text.splitlines()[line - 1][
        column - 1 :
    ].startswith(encoded)


def test_a_secret_that_tells_its_parts_is_not_told_as_a_whole() -> None:
    """Where a password was recognised in a file in a Secret, the file is not reported beside it."""
    text = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\nstringData:\n  app.properties: |\n    port=1\n    db.password={PASSWORD}\n"
    (seen,) = _seen("a.yaml", text)
    assert (seen.sighting.origin.line, seen.sighting.origin.inner) == (7, "db.password")


def test_templates_of_manifests_are_read_without_their_actions() -> None:
    """A chart's template with a fixed password is read, and its place is that in the file."""
    text = (
        "{{- if .Values.on }}\napiVersion: v1\nkind: Secret\nmetadata:\n  name: {{ .Release.Name }}\n"
        f"stringData:\n  user: {{{{ .Values.user | quote }}}}\n  password: {PASSWORD}\n{{{{- end }}}}\n"
    )
    assert _places("templates/secret.yaml", text) == [(8, 13)]


def test_a_file_that_is_yaml_as_it_stands_keeps_its_actions() -> None:
    """Values that hold templates of other programs are what they are."""
    text = f'apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\nstringData:\n  note: "{PASSWORD} {{{{ .Host }}}}!"\n  password: {PASSWORD}\n'
    values = [seen.value.reveal_text() for seen in _seen("a.yaml", text)]
    assert PASSWORD in values
    assert not any("$__" in (value or "") for value in values)


@given(st.text(alphabet="{}%- a.\n|\"'$", max_size=80))
def test_taking_actions_out_keeps_every_line_its_length(text: str) -> None:
    """Whatever a template holds, no line becomes longer or shorter."""
    data = text.encode()
    out = without_actions(data)
    assert [len(line) for line in out.split(b"\n")] == [len(line) for line in data.split(b"\n")]


def test_a_text_without_actions_stays_as_it_is() -> None:
    """Nothing is taken out where there is no action."""
    data = b"a: {b: 1}\nc: '%'\n"
    assert not has_actions(data)
    assert without_actions(data) == data


def test_definitions_of_custom_resources_are_not_read() -> None:
    """A definition is skipped, and what stands behind it keeps its line."""
    definition = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: a}\nspec: {}\n"
    text = (
        f"{definition}---\napiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\nstringData: {{password: {PASSWORD}}}\n"
    )
    assert _places("install.yaml", text) == [(9, 24)]


def test_sensitive_values_of_terraform_state_are_secrets() -> None:
    """What an output or a provider calls sensitive is a secret, whatever its name is."""
    state = {
        "version": 4,
        "outputs": {
            "endpoint": {"value": "db.acme.test", "type": "string"},
            "admin": {"value": PASSWORD, "type": "string", "sensitive": True},
        },
        "resources": [
            {
                "type": "acme_thing",
                "instances": [
                    {
                        "attributes": {"note": PASSWORD, "list": [{"x": PASSWORD}], "id": PASSWORD},
                        "sensitive_attributes": [
                            [{"type": "get_attr", "value": "note"}],
                            [
                                {"type": "get_attr", "value": "list"},
                                {"type": "index", "value": {"value": 0, "type": "number"}},
                                {"type": "get_attr", "value": "x"},
                            ],
                        ],
                    }
                ],
            },
            {"type": "random_password", "instances": [{"attributes": {"result": PASSWORD, "length": 14}}]},
        ],
    }
    seen = _seen("prod/terraform.tfstate", json.dumps(state, indent=1))
    assert {s.sighting.origin.field for s in seen} == {
        ("outputs", "admin", "value"),
        ("resources", 0, "instances", 0, "attributes", "note"),
        ("resources", 0, "instances", 0, "attributes", "list", 0, "x"),
        ("resources", 1, "instances", 0, "attributes", "result"),
    }
    assert {s.sighting.context for s in seen} == {Context.FILE}


def test_keys_of_an_encryption_configuration_are_secrets() -> None:
    """The key that encrypts the cluster's Secrets is found where it stands in a file."""
    key = base64.b64encode(bytes(range(32))).decode()
    text = (
        "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n  - resources: [secrets]\n"
        f"    providers:\n      - aescbc:\n          keys:\n            - name: key1\n              secret: {key}\n"
    )
    (seen,) = _seen("enc.yaml", text)
    assert (seen.sighting.context, seen.sighting.origin.line) == (Context.ENCRYPTION_KEY, 9)


@pytest.mark.parametrize(
    ("path", "head", "matters"),
    [
        ("a.yaml", b"apiVersion: v1\nkind: Secret\n", True),
        ("dump", b'{"apiVersion": "v1"}', True),
        ("a.json", b'{"name": "x"}', False),
        ("charts/a/values-prod.yaml", b"a: 1\n", True),
        ("group_vars/all.yml", b"a: 1\n", True),
        (".env", b"A=1\n", True),
        ("application.properties", b"a=1\n", True),
        ("package-lock.json", b"{}", False),
        ("main.go", b'// apiVersion: v1\nvar x = "kind: Secret"\n', False),
        ("logo.png", b"\x89PNG", False),
    ],
)
def test_what_may_matter_is_told_by_name_and_first_bytes(path: str, head: bytes, matters: bool) -> None:
    """Manifests are known by their first fields, settings by their names; programs and images are none."""
    assert may_matter(path, head) is matters


@pytest.mark.parametrize(
    "data", [b"\xff\xfe\x00", b"{{" * 5000, b"apiVersion: v1\nkind: Secret\ndata: [1, {2: 3}]\n", b"a: &a [*a]"]
)
def test_hostile_files_give_nothing_and_end(data: bytes) -> None:
    """Broken encodings, half templates and wrong shapes are no error."""
    assert list(seen_in_file(RECOGNISER, "apiVersion.yaml", data, Origin("t", "x.yaml"), KEY)) == []

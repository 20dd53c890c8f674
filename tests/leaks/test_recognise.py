"""From candidates to sightings: one value, one sighting, at its exact place."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.leaks.labelled_values import KEY, ORIGIN, manifest, resource

from strongroom.leaks.candidates import of_dockerfile, of_resource, of_settings, of_text, of_values
from strongroom.leaks.recognise import Recogniser
from strongroom.model.origin import Origin
from strongroom.model.place import Candidate, Context, Nature, Sighting
from strongroom.model.plaintext import Plaintext
from strongroom.model.resource import Resource, dig
from strongroom.sources.objects import objects_in

PASSWORD = "Gannet7-Locker"
TOKEN = "ghp_Zk3nQ8vT1xW6yB0pLr5mSd9cJf2hGa7eUo4i"
RECOGNISER = Recogniser()


def _see(*objects: Resource) -> list[Sighting]:
    return [s for each in objects for s in RECOGNISER.recognise(of_resource(each), KEY)]


def _secrets(*objects: Resource) -> list[Sighting]:
    return [s for s in _see(*objects) if s.nature is Nature.SECRET]


def _pod(**container: Any) -> Resource:
    return manifest("Pod", spec={"containers": [{"name": "app", "image": "shop/app:1", **container}]})


def _print(value: str) -> str:
    return Plaintext(value).fingerprint(KEY)


def test_the_same_value_has_the_same_fingerprint_wherever_it_stands() -> None:
    """A password in a Secret, a variable, a URL, a command line and a ConfigMap is one fingerprint."""
    encoded = base64.b64encode(PASSWORD.encode()).decode()
    found = _secrets(
        manifest("Secret", data={"password": encoded}),
        manifest("ConfigMap", data={"password": PASSWORD}),
        _pod(env=[{"name": "DB_PASSWORD", "value": PASSWORD}, {"name": "URL", "value": f"redis://u:{PASSWORD}@redis"}]),
        _pod(args=[f"--password={PASSWORD}"]),
    )
    assert [s.fingerprint for s in found] == [_print(PASSWORD)] * 5


def test_a_part_of_a_value_is_placed_by_its_offsets() -> None:
    """The origin of a password in a URL spans the password, not the URL, also after characters of several bytes."""
    url = f"postgres://gärtner:{PASSWORD}@db/ö"
    (found,) = _secrets(_pod(env=[{"name": "URL", "value": url}]))
    assert found.origin.field == ("spec", "containers", 0, "env", 0, "value")
    assert url[found.origin.inner_start : found.origin.inner_end] == PASSWORD


def test_a_whole_value_has_no_offsets() -> None:
    """A value that is the secret is placed by its field alone."""
    (found,) = _secrets(_pod(env=[{"name": "PASSWORD", "value": PASSWORD}]))
    assert (found.origin.inner_start, found.origin.inner_end) == (0, 0)


def test_the_most_specific_rule_wins() -> None:
    """A token that the library knows, under a name that promises one, is one sighting with the library's rule."""
    (found,) = _secrets(_pod(env=[{"name": "GITHUB_TOKEN", "value": TOKEN}]))
    assert (found.rule, found.what) == ("betterleaks.github-pat", "GitHub Personal Access Token")


def test_what_stands_in_a_script_is_seen_once() -> None:
    """A token in a flag of a script is one sighting, named after its flag."""
    script = f"set -e\napp --github-token={TOKEN} --verbose\n"
    (found,) = _secrets(_pod(command=["sh", "-c", script]))
    assert found.name == "github-token"
    assert script[found.origin.inner_start : found.origin.inner_end] == TOKEN


def test_each_key_of_a_secret_is_said_something_of() -> None:
    """Every key of a Secret has a sighting, whatever it is."""
    found = _see(
        manifest("Secret", stringData={"username": "shop", "password": PASSWORD, "note": "blue door 7", "empty": ""})
    )
    assert {s.name: s.nature for s in found} == {
        "username": Nature.PLAIN,
        "password": Nature.SECRET,
        "note": Nature.SECRET,
        "empty": Nature.PLACEHOLDER,
    }


def test_a_url_in_a_secret_is_secret_and_so_is_its_password() -> None:
    """The whole value of a Secret's key stands beside what was recognised inside it."""
    url = f"postgres://shop:{PASSWORD}@db/shop"
    found = _secrets(manifest("Secret", stringData={"url": url}))
    assert {(s.rule, s.fingerprint) for s in found} == {
        ("secret-data", _print(url)),
        ("betterleaks.generic-credential-uri", _print(PASSWORD)),
    }


def test_values_in_base64_of_a_secret_have_no_offsets() -> None:
    """Offsets in a decoded value would point nowhere in the manifest."""
    encoded = base64.b64encode(f"postgres://shop:{PASSWORD}@db/shop".encode()).decode()
    found = _secrets(manifest("Secret", data={"url": encoded}))
    assert len(found) == 2
    assert all((s.origin.inner_start, s.origin.inner_end) == (0, 0) for s in found)


def test_bytes_that_are_no_text_are_secret_data() -> None:
    """A keystore in a Secret is a secret."""
    blob = base64.b64encode(bytes(range(128, 256))).decode()
    (found,) = _see(manifest("Secret", data={"keystore.jks": blob}))
    assert (found.nature, found.rule) == (Nature.SECRET, "secret-data")


def test_base64_in_a_config_map_is_looked_into() -> None:
    """A token that stands in base64 is recognised, with the fingerprint of what it decodes to."""
    encoded = base64.b64encode(f"token={TOKEN}".encode()).decode()
    (found,) = _secrets(manifest("ConfigMap", data={"blob": encoded}))
    assert found.fingerprint == _print(TOKEN)


def test_binary_data_of_a_config_map_is_looked_into() -> None:
    """Text in ``binaryData`` is decoded and recognised."""
    encoded = base64.b64encode(f"url=redis://u:{PASSWORD}@redis\n".encode()).decode()
    (found,) = _secrets(manifest("ConfigMap", binaryData={"blob": encoded}))
    assert found.origin.field == ("binaryData", "blob")
    assert found.fingerprint == _print(PASSWORD)


def test_probes_hooks_and_headers_are_command_lines_too() -> None:
    """Passwords in probes, lifecycle hooks and headers are seen at their fields."""
    found = _secrets(
        _pod(
            livenessProbe={"exec": {"command": ["redis-cli", "-a", PASSWORD, "ping"]}},
            lifecycle={"preStop": {"exec": {"command": ["sh", "-c", f"curl -u ops:{PASSWORD} http://x"]}}},
            readinessProbe={"httpGet": {"httpHeaders": [{"name": "X-Api-Key", "value": TOKEN}]}},
        )
    )
    assert {s.origin.field[3] for s in found} == {"livenessProbe", "lifecycle", "readinessProbe"}


def test_pod_specs_of_custom_resources_are_seen_once() -> None:
    """A variable in a Rollout is an env literal, not a custom field as well."""
    container = {"name": "app", "image": "shop/app:1", "env": [{"name": "DB_PASSWORD", "value": PASSWORD}]}
    rollout = manifest("Rollout", "argoproj.io/v1alpha1", spec={"template": {"spec": {"containers": [container]}}})
    (found,) = _secrets(rollout)
    assert found.context is Context.ENV


@pytest.mark.parametrize(
    ("kind", "api_version", "body"),
    [
        ("SealedSecret", "bitnami.com/v1alpha1", {"spec": {"encryptedData": {"password": "AgBy3i4OJSWK+PiTySYZZA9rO43cGDEq9f3c1b"}}}),
        ("CustomResourceDefinition", "apiextensions.k8s.io/v1", {"spec": {"password": PASSWORD}}),
        ("Role", "rbac.authorization.k8s.io/v1", {"rules": [{"resourceNames": ["token-Zk3nQ8vT1xW6yB0pLr5m"]}]}),
        ("ExternalSecret", "external-secrets.io/v1", {"spec": {"data": [{"secretKey": "token", "remoteRef": {"key": "a/b"}}]}}),
        ("Service", "v1", {"spec": {"selector": {"token": "Zk3nQ8vT1xW6yB0pLr5m"}}}),
    ],
)  # fmt: skip
def test_kinds_that_hold_no_values_are_not_looked_into(kind: str, api_version: str, body: dict[str, Any]) -> None:
    """Ciphertext, schemas, roles and references give no secret."""
    assert _secrets(manifest(kind, api_version, **body)) == []


def _applied(body: dict[str, Any], kind: str = "ConfigMap") -> Resource:
    text = json.dumps({"apiVersion": "v1", "kind": kind, "metadata": {"name": "case"}, **body})
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": text}
    return resource({"apiVersion": "v1", "kind": kind, "metadata": {"name": "case", "annotations": annotations}})


def test_the_copy_in_last_applied_is_opened() -> None:
    """A value in the copy that kubectl apply leaves has the copy's context and its path there."""
    applied = _applied({"data": {"password": PASSWORD}})
    (found,) = _secrets(applied)
    assert (found.context, found.origin.inner) == (Context.LAST_APPLIED, "data.password")
    assert found.origin.field[-1] == "kubectl.kubernetes.io/last-applied-configuration"
    text = dig(applied.body, found.origin.field)
    assert text[found.origin.inner_start : found.origin.inner_end] == PASSWORD


def test_the_copy_of_a_secret_is_decoded() -> None:
    """Base64 in the copy of a Secret has the fingerprint of the value that it stands for."""
    encoded = base64.b64encode(PASSWORD.encode()).decode()
    (found,) = _secrets(_applied({"data": {"password": encoded}}, "Secret"))
    assert found.context is Context.LAST_APPLIED
    assert found.fingerprint == _print(PASSWORD)


def test_a_broken_copy_is_left_alone() -> None:
    """An annotation that is no JSON gives nothing."""
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": "{not json"}
    assert _see(resource({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"annotations": annotations}})) == []


def test_leaves_of_a_file_in_a_config_map_have_their_path_and_offsets() -> None:
    """A password in an embedded properties file is named by its key there, and spans its value."""
    text = f"spring.datasource.url=jdbc:postgresql://db/shop\nspring.datasource.password={PASSWORD}\n"
    (found,) = _secrets(manifest("ConfigMap", data={"application.properties": text}))
    assert found.name.endswith("password")
    assert found.origin.inner.endswith("password")
    assert text[found.origin.inner_start : found.origin.inner_end] == PASSWORD


def test_an_embedded_yaml_file_is_opened() -> None:
    """A password in embedded YAML is found at its own place, and a reference beside it is none."""
    text = f"db:\n  host: db\n  password: {PASSWORD}\nother:\n  password: ${{OTHER}}\n"
    (found,) = _secrets(manifest("ConfigMap", data={"application.yaml": text}))
    assert found.origin.inner == "db.password"
    assert text[found.origin.inner_start : found.origin.inner_end] == PASSWORD


def test_a_dockerfile_s_sightings_have_line_and_column() -> None:
    """There is no document to look positions up in, so the place is exact at once."""
    text = f"FROM alpine\n\nENV A=1 \\\n    DB_PASSWORD={PASSWORD}\n"
    (found,) = RECOGNISER.recognise(of_dockerfile(text, Origin("test", "Dockerfile")), KEY)
    assert (found.origin.line, found.origin.column) == (4, 17)
    assert text[found.origin.inner_start : found.origin.inner_end] == PASSWORD


def test_a_dotenv_file_s_sightings_have_line_and_column() -> None:
    """A setting of a dotenv file is placed by line and column."""
    text = f"# shop\nHOST=db\nDB_PASSWORD={PASSWORD}\nURL=redis://u:{TOKEN}@redis\n"
    found = list(RECOGNISER.recognise(of_settings(".env", text, Origin("test", ".env")), KEY))
    assert [(s.origin.line, s.origin.column) for s in found if s.nature is Nature.SECRET] == [(3, 13), (4, 15)]


def test_names_and_values_in_lists_belong_together() -> None:
    """A list of pairs is read as names and their values, wherever it stands."""
    body = {"params": [{"name": "api-token", "value": "9f3c1be07a2d4e58b6c0d9127e4f8a33"}]}
    (found,) = RECOGNISER.recognise(of_values(body, ORIGIN, Context.PIPELINE), KEY)
    assert (found.name, found.origin.field) == ("api-token", ("params", 0, "value"))


_SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=60))
_BODIES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(
                ["spec", "data", "stringData", "env", "containers", "name", "value", "command", "args", "password",
                 "metadata", "annotations", "template", "lifecycle", "exec", "script", "run", "image", "livenessProbe"]
            ) | st.text(max_size=10),
            inner,
            max_size=5,
        ),
    ),
    max_leaves=25,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["Secret", "ConfigMap", "Pod", "Deployment", "Rollout", "CronJob"]),
    st.dictionaries(st.sampled_from(["spec", "data", "stringData", "binaryData", "metadata"]), _BODIES, max_size=4),
)
def test_no_object_makes_recognition_fail(kind: str, body: dict[str, Any]) -> None:
    """Whatever stands where, candidates and sightings are made, and offsets stay inside the text that they speak of."""
    body.setdefault("metadata", {})
    group = "argoproj.io/v1alpha1" if kind == "Rollout" else "v1"
    made = resource({"apiVersion": group, "kind": kind, **body})
    for sighting in _see(made):
        text = dig(made.body, sighting.origin.field)
        if isinstance(text, str):
            assert 0 <= sighting.origin.inner_start <= sighting.origin.inner_end <= len(text)


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet="abcXYZ019-_.!#%", min_size=9, max_size=40))
def test_no_representation_shows_a_value(value: str) -> None:
    """Candidates and sightings print without the value that they speak of."""
    made = _pod(env=[{"name": "DB_PASSWORD", "value": value}])
    candidates: list[Candidate] = list(of_resource(made))
    assert value not in repr(candidates)
    assert value not in repr(_see(made))


def test_an_object_in_a_list_is_placed_below_its_item() -> None:
    """The fields of an object that stands in a List start at its item, and base64 is still known to be base64."""
    url = f"postgres://shop:{PASSWORD}@db/shop"
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "a"},
        "data": {"url": base64.b64encode(url.encode()).decode()},
    }
    settings_ = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}, "data": {"url": url}}
    objects = objects_in({"apiVersion": "v1", "kind": "List", "items": [secret, settings_]}, ORIGIN)
    places = {(s.origin.field, s.origin.inner_start, s.origin.inner_end) for s in _secrets(*objects)}
    assert places == {
        (("items", 0, "data", "url"), 0, 0),
        (("items", 1, "data", "url"), url.index(PASSWORD), url.index("@")),
    }


def test_a_file_that_is_a_token_is_named_after_itself() -> None:
    """A whole file has its name for a name, so that a token alone in a file is believed."""
    (found,) = RECOGNISER.recognise(
        of_text("ops/.vault-token", b"hvs.Zk3nQ8vT1xW6yB0pLr5mSd9cJf2h\n", Origin("t", "ops/.vault-token")), KEY
    )
    assert (found.name, found.nature) == (".vault-token", Nature.SECRET)


@pytest.mark.parametrize("path", ["trust.jks", "main.go", "prod.enc.env", "values.yaml"])
def test_files_that_are_read_otherwise_give_nothing(path: str) -> None:
    """Keystores, SOPS files and files of no interest give no candidates."""
    assert list(of_text(path, f"DB_PASSWORD={PASSWORD}\n".encode(), Origin("t", path))) == []


def test_the_place_in_last_applied_is_right_where_the_value_occurs_twice() -> None:
    """A value that other fields hold as well is placed at its own field."""
    applied = _applied({"data": {"aaa": PASSWORD, "password": PASSWORD, "zzz": PASSWORD}})
    (found,) = [s for s in _secrets(applied) if s.name == "password"]
    text = dig(applied.body, found.origin.field)
    assert text[: found.origin.inner_start].endswith('"password": "')


@settings(max_examples=60, deadline=None)
@given(
    st.text(alphabet="abRUNENV =\\\"'$\n#:-x{}pasword/9", max_size=200),
    st.sampled_from(["Dockerfile", ".env", ".pgpass", "a.key"]),
)
def test_no_file_makes_recognition_fail(text: str, path: str) -> None:
    """Any text of a Dockerfile or a file of settings is read, and every place lies inside it."""
    for sighting in RECOGNISER.recognise(of_text(path, text.encode(), Origin("t", path)), KEY):
        assert 1 <= sighting.origin.line <= text.count("\n") + 1
        assert 0 <= sighting.origin.inner_start <= sighting.origin.inner_end <= len(text)


def test_half_of_a_secret_is_never_a_name() -> None:
    """A secret that is cut at an equals sign of its own does not become the name of its other half."""
    half = "Zk3nQ8vT1xW6yB0pLr5mPw"
    for sighting in _see(_pod(args=["--token", f"{half}=Zk3nQ8vT1xW6yB0pLr5m", f"{half}=="])):
        assert half not in sighting.name


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["Secret", "ConfigMap", "Pod"]),
    st.dictionaries(st.sampled_from(["spec", "data", "stringData", "binaryData", "kind"]), _BODIES, max_size=4),
)
def test_no_copy_in_last_applied_makes_recognition_fail(kind: str, body: dict[str, Any]) -> None:
    """The copy was never checked by the API server: anything may stand in it."""
    text = json.dumps({"kind": kind, **body})
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": text}
    made = resource({"apiVersion": "v1", "kind": kind, "metadata": {"name": "case", "annotations": annotations}})
    for sighting in _see(made):
        assert 0 <= sighting.origin.inner_start <= sighting.origin.inner_end <= len(text)

"""Values that move to Secrets: every consumer gets them at the same name and path."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.posture.fixes.mending import VALUE, deployment, mended, pod_spec

CONFIG = f"""\
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  namespace: shop
data:
  HOST: db
  API_SECRET: {VALUE}  # of the provider
"""
OTHER = "Xo7UxUMsRFPvFh3u9EYrqT0bLzpQ1kWd"


def test_a_variable_by_its_key(tmp_path: Path) -> None:
    """A variable that took a key of the ConfigMap takes the key of the Secret, under the same name, in another file."""
    spec = "containers:\n- name: a\n  image: a:1\n  env:\n  - name: TOKEN\n    valueFrom:\n      configMapKeyRef: {name: settings, key: API_SECRET}\n"
    result = mended(tmp_path, {"a/config.yaml": CONFIG, "b/api.yaml": deployment(spec)}, "secret-in-configmap")

    env = pod_spec(result)["containers"][0]["env"]
    assert env == [{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "settings-config", "key": "API_SECRET"}}}]
    assert result.objects()["Secret", "settings-config"]["stringData"] == {"API_SECRET": VALUE}
    assert result.objects()["ConfigMap", "settings"]["data"] == {"HOST": "db"}
    assert result.fix.mended[0].unsafe == ""


def test_a_poured_configmap(tmp_path: Path) -> None:
    """What envFrom brought is given by name, with its prefix, in every container that had it."""
    spec = """
containers:
- name: a
  image: a:1
  envFrom:
  - prefix: APP_
    configMapRef: {name: settings}
- name: b
  image: a:1
  env: [{name: API_SECRET, value: mine}]
  envFrom: [{configMapRef: {name: settings}}]
"""
    result = mended(tmp_path, {"all.yaml": f"{CONFIG}---\n{deployment(spec)}"}, "secret-in-configmap")

    first, second = pod_spec(result)["containers"]
    reference = {"secretKeyRef": {"name": "settings-config", "key": "API_SECRET"}}
    assert first["env"] == [{"name": "APP_API_SECRET", "valueFrom": reference}]
    assert second["env"] == [{"name": "API_SECRET", "value": "mine"}]  # its own value counted before, and does now


def test_volumes(tmp_path: Path) -> None:
    """Mounted keys stay at their paths: volumes become projected ones, of both or of the Secret alone."""
    spec = """
containers:
- name: a
  image: a:1
  volumeMounts:
  - {name: whole, mountPath: /etc/whole}
  - {name: one, mountPath: /etc/one, subPath: s}
  - {name: none, mountPath: /etc/none}
  - {name: both, mountPath: /etc/both}
volumes:
- name: whole
  configMap:
    name: settings
    defaultMode: 0400
- name: one
  configMap: {name: settings, items: [{key: API_SECRET, path: s, mode: 0440}], optional: true}
- name: none
  configMap: {name: settings, items: [{key: HOST, path: h}]}
- name: both
  projected:
    sources:
    - configMap: {name: settings}
    - secret: {name: other, items: [{key: k, path: p}]}
"""
    result = mended(tmp_path, {"c.yaml": CONFIG, "d.yaml": deployment(spec)}, "secret-in-configmap")

    whole, one, none, both = pod_spec(result)["volumes"]
    part = {"name": "settings-config", "items": [{"key": "API_SECRET", "path": "API_SECRET"}]}
    assert whole["projected"] == {
        "sources": [{"configMap": {"name": "settings"}}, {"secret": part}],
        "defaultMode": 0o400,
    }
    items = [{"key": "API_SECRET", "path": "s", "mode": 0o440}]
    assert one["secret"] == {"secretName": "settings-config", "items": items, "optional": True}
    assert none["configMap"] == {"name": "settings", "items": [{"key": "HOST", "path": "h"}]}
    assert both["projected"]["sources"][0] == {"configMap": {"name": "settings"}}
    assert {"secret": part} in both["projected"]["sources"]
    assert "mode: 0440" in result.files["d.yaml"]


def test_sources_of_the_same_path(tmp_path: Path) -> None:
    """Of two sources that give one path the last counts, as before; where those of one are not known, it is unsafe."""
    over = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: over, namespace: shop}\ndata: {API_SECRET: plain}\n"
    spec = """
containers: [{name: a, image: a:1, volumeMounts: [{name: c, mountPath: /etc/c}]}]
volumes:
- name: c
  projected:
    sources:
    - configMap: {name: settings}
    - configMap: {name: over}
- name: d
  configMap: {name: settings}
"""
    known = mended(tmp_path / "a", {"c.yaml": CONFIG + over, "d.yaml": deployment(spec)}, "secret-in-configmap")
    assert pod_spec(known)["volumes"][0]["projected"]["sources"] == [
        {"configMap": {"name": "settings"}},
        {"configMap": {"name": "over"}},
    ]
    assert "projected" in pod_spec(known)["volumes"][1]

    unknown = mended(tmp_path / "b", {"c.yaml": CONFIG, "d.yaml": deployment(spec)}, "secret-in-configmap")
    assert unknown.files["c.yaml"] == CONFIG
    assert "source of unknown keys" in unknown.fix.offered[0].unsafe


def test_a_key_that_nothing_takes(tmp_path: Path) -> None:
    """What something takes moves; a key beside it that nothing takes is left to a person."""
    spec = """
containers:
- name: a
  image: a:1
  env: [{name: S, valueFrom: {configMapKeyRef: {name: settings, key: API_SECRET}}}]
"""
    config = f"{CONFIG}  OLD_PASSWORD: {OTHER}\n"
    result = mended(tmp_path, {"c.yaml": config, "d.yaml": deployment(spec)}, "secret-in-configmap")
    assert result.files["c.yaml"].startswith(config.replace(f"  API_SECRET: {VALUE}  # of the provider\n", ""))
    assert "OLD_PASSWORD" in result.fix.offered[0].title
    assert result.fix.offered[0].unseen


@pytest.mark.parametrize(
    "patch",
    [
        "patches: [{target: {kind: ConfigMap, name: settings}, patch: '[]'}]",
        "patches:\n- patch: |-\n    kind: ConfigMap\n    metadata: {name: settings}\n    data: {API_SECRET: other}\n",
        "replacements: [{source: {kind: ConfigMap, name: settings, fieldPath: data.API_SECRET}, targets: []}]",
        "vars: [{name: S, objref: {kind: ConfigMap, name: settings, apiVersion: v1}}]",
    ],
)
def test_a_kustomization_that_says_more_of_it(tmp_path: Path, patch: str) -> None:
    """A ConfigMap that a kustomization patches, or copies to others, is left with that reason."""
    spec = "containers: [{name: a, image: a:1, envFrom: [{configMapRef: {name: settings}}]}]"
    files = {"base/c.yaml": CONFIG, "base/d.yaml": deployment(spec), "prod/kustomization.yaml": f"{patch}\n"}
    result = mended(tmp_path, files, "secret-in-configmap")
    assert result.files == files
    assert "kustomization" in result.why("secret-in-configmap")


def test_an_embedded_file_moves_whole(tmp_path: Path) -> None:
    """A file inside a ConfigMap moves as it is, since the program reads it as one."""
    config = CONFIG.partition("\ndata:")[0] + (
        f"\ndata:\n  app.properties: |\n    host=db\n    spring.datasource.password={VALUE}\n"
    )
    spec = "containers:\n- name: a\n  image: a:1\n  volumeMounts: [{name: c, mountPath: /etc/a}]\nvolumes:\n- name: c\n  configMap:\n    name: settings\n"
    result = mended(tmp_path, {"c.yaml": config, "d.yaml": deployment(spec)}, "secret-in-configmap")

    text = f"host=db\nspring.datasource.password={VALUE}\n"
    assert result.objects()["Secret", "settings-config"]["stringData"] == {"app.properties": text}
    assert result.objects()["ConfigMap", "settings"]["data"] == {}
    assert pod_spec(result)["volumes"][0]["secret"]["secretName"] == "settings-config"


def test_a_secret_that_has_the_value_is_used(tmp_path: Path) -> None:
    """Where a Secret of the namespace holds the value already, that one is named, and none is made."""
    secret = (
        f"apiVersion: v1\nkind: Secret\nmetadata: {{name: provider, namespace: shop}}\nstringData: {{token: {VALUE}}}\n"
    )
    spec = f"containers:\n- name: a\n  image: a:1\n  env:\n  - name: TOKEN\n    value: {VALUE}\n"
    result = mended(tmp_path, {"s.yaml": secret, "d.yaml": deployment(spec)}, "secret-in-env-literal")

    assert pod_spec(result)["containers"][0]["env"][0]["valueFrom"] == {
        "secretKeyRef": {"name": "provider", "key": "token"}
    }
    assert [name for kind, name in result.objects() if kind == "Secret"] == ["provider"]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("immutable: true\n", "immutable"),
        (f"---\n{CONFIG}", "several places"),
        (
            "---\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nmetadata: {name: k}\nconfigMapGenerator: [{name: settings, behavior: merge, literals: [A=b]}]\n",
            "several places",
        ),
        (
            "---\napiVersion: example.org/v1\nkind: Thing\nmetadata: {name: t, namespace: shop}\nspec: {configMapRef: {name: settings}}\n",
            "Thing shop/t names ConfigMap settings",
        ),
    ],
)
def test_configmaps_that_stay(tmp_path: Path, more: str, why: str) -> None:
    """A ConfigMap that cannot be rewired for sure is left as it is, and the reason is said."""
    result = mended(tmp_path, {"c.yaml": CONFIG + more}, "secret-in-configmap", unsafe=True)
    assert result.files["c.yaml"] == CONFIG + more
    assert why in result.why("secret-in-configmap")


def test_a_configmap_that_nothing_uses(tmp_path: Path) -> None:
    """Where no consumer is known, moving a value is unsafe: it is offered, and done when asked for."""
    safe = mended(tmp_path, {"c.yaml": CONFIG}, "secret-in-configmap")
    assert safe.files["c.yaml"] == CONFIG
    assert "nothing in the sources takes it" in safe.fix.offered[0].unsafe

    done = mended(tmp_path, {"c.yaml": CONFIG}, "secret-in-configmap", unsafe=True)
    assert done.objects()["Secret", "settings-config"]["stringData"] == {"API_SECRET": VALUE}


@pytest.mark.parametrize(
    ("container", "why"),
    [
        (
            "envFrom: [{configMapRef: {name: settings}}, {secretRef: {name: unknown}}]",
            "unknown keys over variable API_SECRET",
        ),
        (
            "env: [{name: URL, value: x$(API_SECRET)}]\n  envFrom: [{configMapRef: {name: settings}}]",
            "in the value of another",
        ),
    ],
)
def test_variables_that_depend_on_each_other(tmp_path: Path, container: str, why: str) -> None:
    """Where giving a variable by name could change another one, the ConfigMap stays."""
    spec = f"containers:\n- name: a\n  image: a:1\n  {container}\n"
    result = mended(tmp_path, {"c.yaml": CONFIG, "d.yaml": deployment(spec)}, "secret-in-configmap", unsafe=True)
    assert why in result.why("secret-in-configmap")
    assert not result.fix.plan.steps


def test_literals_of_several_containers(tmp_path: Path) -> None:
    """The same value is one key of the Secret, another value under the same name is another key."""
    entry = "- name: {}\n  image: a:1\n  env:\n  - name: API_TOKEN\n    value: {}\n"
    spec = "containers:\n" + "".join(entry.format(n, v) for n, v in (("a", VALUE), ("b", OTHER), ("c", VALUE)))
    result = mended(tmp_path, {"d.yaml": deployment(spec)}, "secret-in-env-literal")

    keys = [c["env"][0]["valueFrom"]["secretKeyRef"]["key"] for c in pod_spec(result)["containers"]]
    assert keys == ["API_TOKEN", "API_TOKEN-2", "API_TOKEN"]
    assert result.objects()["Secret", "api-env"]["stringData"] == {"API_TOKEN": VALUE, "API_TOKEN-2": OTHER}


def test_a_literal_that_is_put_together(tmp_path: Path) -> None:
    """A literal with other variables in it cannot be a value of a Secret, where nothing would fill them in."""
    spec = f"containers:\n- name: a\n  image: a:1\n  env:\n  - name: DATABASE_URL\n    value: postgres://u:{VALUE}@$(HOST)/d\n"
    result = mended(tmp_path, {"d.yaml": deployment(spec)}, "secret-in-env-literal", unsafe=True)
    assert "put together" in result.why("secret-in-env-literal")


def test_words_of_a_command(tmp_path: Path) -> None:
    """A value in a command line is filled in by Kubernetes: alone, after a flag, and inside a script."""
    spec = f"""
containers:
- name: a
  image: a:1
  command: [sh, -c, "run --password={VALUE} --host=db"]
- name: b
  image: a:1
  args:
  - --api-key={OTHER}
  - --other
"""
    result = mended(tmp_path, {"d.yaml": deployment(spec)}, "secret-in-command")

    first, second = pod_spec(result)["containers"]
    assert first["command"][2] == "run --password=$(ARG_PASSWORD) --host=db"
    assert second["args"] == ["--api-key=$(ARG_API_KEY)", "--other"]
    values = result.objects()["Secret", "api-env"]["stringData"]
    assert values == {"ARG_PASSWORD": VALUE, "ARG_API_KEY": OTHER}
    assert any("list of processes" in note for note in result.fix.notes)


def test_annotations(tmp_path: Path) -> None:
    """A copy that kubectl left goes; another annotation moves only when unsafe fixes are wanted."""
    text = f"""\
apiVersion: v1
kind: Service
metadata:
  name: api
  namespace: shop
  annotations:
    example.org/bearer-token: {VALUE}
    kubectl.kubernetes.io/last-applied-configuration: '{{"metadata":{{"annotations":{{"example.org/bearer-token":"{VALUE}"}}}}}}'
spec: {{}}
"""
    safe = mended(tmp_path, {"s.yaml": text}, "secret-in-metadata")
    assert list(safe.objects()["Service", "api"]["metadata"]["annotations"]) == ["example.org/bearer-token"]

    done = mended(tmp_path, {"s.yaml": text}, "secret-in-metadata", unsafe=True)
    assert "annotations" not in done.objects()["Service", "api"]["metadata"]
    assert done.objects()["Secret", "api-metadata"]["stringData"] == {"bearer-token": VALUE}


def test_items_of_a_list(tmp_path: Path) -> None:
    """In a dump, which is one List, the new Secret becomes an item of the list, in JSON as in YAML."""
    text = (
        '{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p",'
        f' "namespace": "shop"}}, "spec": {{"containers": [{{"name": "a", "image": "a:1", "env": [{{"name": "TOKEN", "value": "{VALUE}"}}]}}]}}}}]}}'
    )
    result = mended(tmp_path, {"d.json": text}, "secret-in-env-literal")
    assert result.objects()["Secret", "p-env"]["stringData"] == {"TOKEN": VALUE}
    assert (
        result.objects()["Pod", "p"]["spec"]["containers"][0]["env"][0]["valueFrom"]["secretKeyRef"]["name"] == "p-env"
    )


def test_a_lone_json_object_is_left(tmp_path: Path) -> None:
    """To one JSON object no Secret can be added, and that is said."""
    text = f'{{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "p"}}, "spec": {{"containers": [{{"name": "a", "image": "a:1", "env": [{{"name": "TOKEN", "value": "{VALUE}"}}]}}]}}}}'
    result = mended(tmp_path, {"d.json": text}, "secret-in-env-literal")
    assert "JSON" in result.why("secret-in-env-literal")


def test_a_whole_secret_is_named_key_by_key(tmp_path: Path) -> None:
    """Instead of all that a Secret holds, a container takes the keys that there are, where they count."""
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: shop}\nstringData: {USER: shop-user, PASSWORD: changeme}\n"
    spec = "containers:\n- name: a\n  image: a:1\n  env: [{name: USER, value: me}]\n  envFrom:\n  - secretRef: {name: db}\n"
    result = mended(tmp_path, {"s.yaml": secret, "d.yaml": deployment(spec)}, "whole-secret-in-env")

    container = pod_spec(result)["containers"][0]
    assert "envFrom" not in container
    assert container["env"][1:] == [
        {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "PASSWORD"}}}
    ]

    unknown = mended(tmp_path / "other", {"d.yaml": deployment(spec)}, "whole-secret-in-env")
    assert "which keys Secret db has is not known" in unknown.why("whole-secret-in-env")


def test_the_plan_holds_no_value(tmp_path: Path) -> None:
    """Neither the plan nor what is shown of it holds a value that moves."""
    spec = f"containers:\n- name: a\n  image: a:1\n  args: [--password={OTHER}]\n  envFrom: [{{configMapRef: {{name: settings}}}}]\n"
    result = mended(tmp_path, {"c.yaml": CONFIG, "d.yaml": deployment(spec)}, unsafe=True)
    assert len(result.fix.plan.steps) == 2
    for value in (VALUE, OTHER):
        assert value not in repr(result.fix.plan)
        assert value not in repr(result.fix.views)
        assert value in "".join(result.files.values())

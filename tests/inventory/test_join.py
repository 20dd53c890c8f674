"""One record per secret, from everything that speaks of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from strongroom.inventory.join import build
from strongroom.leaks.candidates import of_resource
from strongroom.leaks.recognise import started
from strongroom.model.origin import Origin
from strongroom.model.secret import How, SecretRecord, SecretRef, Way
from strongroom.model.settings import Settings
from strongroom.sources.objects import objects_in
from strongroom.survey.run import Request, look

KEY = bytes(range(32))
NOW = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def records(tmp_path: Path) -> Any:
    """Return a function from manifests to the records by reference."""

    def read(text: str) -> dict[str, SecretRecord]:
        (tmp_path / "m.yaml").write_text(text)
        known = look(Request((str(tmp_path),), KEY, render=False, now=NOW))
        return {record.ref.show(): record for record in known.facts.secrets}

    return read


def _uses(record: SecretRecord) -> list[tuple[Way, str, str, str]]:
    return sorted(((c.way, c.container, c.key, c.target) for c in record.consumers), key=str)


POD = """\
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: shop}
spec:
  imagePullSecrets: [{name: pull}]
  containers:
    - name: app
      image: app:1
      env:
        - name: PASSWORD
          valueFrom: {secretKeyRef: {name: db, key: password, optional: true}}
      envFrom:
        - prefix: X_
          secretRef: {name: all}
      volumeMounts:
        - {name: files, mountPath: /run/tls}
        - {name: both, mountPath: /run/both}
        - {name: store, mountPath: /run/store}
  volumes:
    - name: files
      secret: {secretName: tls, items: [{key: tls.key, path: k}]}
    - name: both
      projected: {sources: [{secret: {name: one}}, {secret: {name: two}}]}
    - name: store
      csi: {driver: secrets-store.csi.k8s.io, volumeAttributes: {secretProviderClass: class}}
"""


def test_ways_of_a_pod(records: Any) -> None:
    """Every way in which a pod is given a Secret is a use, with container, key and target."""
    found = records(POD)

    assert {name: _uses(record) for name, record in found.items()} == {
        "shop/db": [(Way.ENV, "app", "password", "PASSWORD")],
        "shop/all": [(Way.ENV_FROM, "app", "", "X_*")],
        "shop/tls": [(Way.VOLUME, "app", "tls.key", "/run/tls")],
        "shop/one": [(Way.PROJECTED, "app", "", "/run/both")],
        "shop/two": [(Way.PROJECTED, "app", "", "/run/both")],
        "shop/class": [(Way.CSI, "app", "", "/run/store")],
        "shop/pull": [(Way.IMAGE_PULL, "", "", "")],
    }
    assert found["shop/db"].consumers[0].optional
    assert all(not record.definitions for record in found.values())


DEFINERS = {
    How.SECRET: ("shop/s", ["k"], "kind: Secret, apiVersion: v1, stringData: {k: Vq83mXp1}"),
    How.SOPS: (
        "shop/s",
        ["k"],
        "kind: Secret, apiVersion: v1, data: {k: 'ENC[AES256_GCM,data:a,type:str]'}, sops: {mac: x}",
    ),
    How.SEALED_SECRET: (
        "shop/s",
        ["k"],
        "kind: SealedSecret, apiVersion: bitnami.com/v1alpha1, spec: {encryptedData: {k: AgB}}",
    ),
    How.EXTERNAL_SECRET: (
        "shop/target",
        ["k"],
        """kind: ExternalSecret, apiVersion: external-secrets.io/v1, spec: {target: {name: target},
        secretStoreRef: {name: vault, kind: ClusterSecretStore}, data: [{secretKey: k, remoteRef: {key: a/b, property: p}}]}""",
    ),
    How.SECRET_PROVIDER_CLASS: (
        "shop/target",
        ["k"],
        """kind: SecretProviderClass, apiVersion: secrets-store.csi.x-k8s.io/v1, spec: {provider: aws,
        secretObjects: [{secretName: target, type: Opaque, data: [{key: k, objectName: o}]}]}""",
    ),
    How.CERTIFICATE: (
        "shop/target",
        ["ca.crt", "tls.crt", "tls.key"],
        "kind: Certificate, apiVersion: cert-manager.io/v1, spec: {secretName: target}",
    ),
    How.SECRET_GENERATOR: (
        "target",
        ["k"],
        "kind: Kustomization, apiVersion: kustomize.config.k8s.io/v1beta1, secretGenerator: [{name: target, literals: [k=Vq83mXp1]}]",
    ),
    How.OPERATOR: (
        "shop/target",
        [],
        """kind: VaultStaticSecret, apiVersion: secrets.hashicorp.com/v1beta1,
        spec: {mount: kv, path: a/b, destination: {name: target, create: true}}""",
    ),
}


@pytest.mark.parametrize("how", DEFINERS, ids=lambda how: how.name)
def test_definitions(records: Any, how: How) -> None:
    """Everything that brings a Secret into being defines its record, with the keys that it says."""
    ref, keys, text = DEFINERS[how]
    (definition,) = records("{metadata: {name: s, namespace: shop}, " + text + "}")[ref].definitions

    assert definition.how is how
    assert [key.name for key in definition.keys] == keys


def test_external_store(records: Any) -> None:
    """An ExternalSecret leads through its store to the provider and the path, with the refresh interval."""
    found = records(
        """\
apiVersion: external-secrets.io/v1
kind: ClusterSecretStore
metadata: {name: vault}
spec: {provider: {vault: {server: "https://vault"}}}
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: db, namespace: shop}
spec:
  refreshInterval: 15m
  secretStoreRef: {name: vault, kind: ClusterSecretStore}
  data: [{secretKey: password, remoteRef: {key: shop/db, property: pw}}]
  dataFrom: [{extract: {key: shop/more}}]
"""
    )

    stored = [(s.provider, s.store, s.path, s.property, s.key, s.refresh) for s in found["shop/db"].stored]
    assert stored == [
        ("vault", "ClusterSecretStore vault", "shop/db", "pw", "password", "15m"),
        ("vault", "ClusterSecretStore vault", "shop/more", "", "", "15m"),
    ]
    assert not found["shop/db"].definitions[0].keys_known


def test_vault_agent(records: Any) -> None:
    """What the Vault agent injects has a record of its own: the path in Vault, the file in the pod."""
    found = records(
        """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: d, namespace: shop}
spec:
  template:
    metadata:
      annotations:
        vault.hashicorp.com/agent-inject: "true"
        vault.hashicorp.com/agent-inject-secret-db.txt: kv/data/shop/db
    spec: {containers: [{name: a, image: a}]}
"""
    )

    (record,) = found.values()
    assert (record.ref.name, record.stored[0].provider, record.consumers[0].target) == (
        "kv/data/shop/db",
        "vault",
        "/vault/secrets/db.txt",
    )


def test_references_of_other_objects(records: Any) -> None:
    """Service accounts, ingresses, gateways, persistent volumes and custom resources use Secrets too."""
    found = records(
        """\
apiVersion: v1
kind: ServiceAccount
metadata: {name: sa, namespace: shop}
secrets: [{name: token}]
imagePullSecrets: [{name: pull}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: i, namespace: shop}
spec: {tls: [{secretName: tls}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: g, namespace: shop}
spec: {listeners: [{name: l, tls: {certificateRefs: [{name: gw, namespace: other}, {kind: ConfigMap, name: no}]}}]}
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: pv}
spec: {csi: {driver: d, nodeStageSecretRef: {name: disk, namespace: shop}}}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: m, namespace: shop}
spec: {endpoints: [{basicAuth: {password: {name: not-a-reference}}, authorization: {credentials: {}}, bearerTokenSecret: {key: t},
  tlsConfig: {keySecret: {name: x, key: y}}, oauth2: {clientSecretRef: {name: oauth, key: id}}}], secretName: whole}
---
apiVersion: external-secrets.io/v1
kind: SecretStore
metadata: {name: s, namespace: shop}
spec: {provider: {vault: {auth: {tokenSecretRef: {name: vault-token, key: token}}}}}
"""
    )

    ways = {name: record.consumers[0].way for name, record in found.items()}
    assert ways == {
        "shop/token": Way.SERVICE_ACCOUNT,
        "shop/pull": Way.IMAGE_PULL,
        "shop/tls": Way.INGRESS_TLS,
        "other/gw": Way.GATEWAY_TLS,
        "shop/disk": Way.PERSISTENT_VOLUME,
        "shop/oauth": Way.CUSTOM,
        "shop/whole": Way.CUSTOM,
        "shop/vault-token": Way.STORE,
    }


def test_open_namespaces_meet(records: Any) -> None:
    """A namespace that a manifest leaves open is decided when it is applied: it may be any, and is one where it can."""
    secret = "{apiVersion: v1, kind: Secret, metadata: {name: s%s}, stringData: {k: Vq83mXp1}}\n---\n"
    pod = (
        "{apiVersion: v1, kind: Pod, metadata: {name: p%s}, spec: {containers: [{name: a, image: a, envFrom:"
        " [{secretRef: {name: s}}]}]}}\n"
    )

    assert set(records(secret % "" + pod % ", namespace: shop")) == {"s"}
    assert set(records(secret % ", namespace: shop" + pod % "")) == {"shop/s"}
    assert set(records(secret % ", namespace: shop" + pod % ", namespace: other")) == {"shop/s", "other/s"}


def test_one_value_in_several_places(tmp_path: Path) -> None:
    """A value in a Secret, a ConfigMap and a literal is one fingerprint in three places."""
    (tmp_path / "m.yaml").write_text(
        """\
apiVersion: v1
kind: Secret
metadata: {name: s}
stringData: {password: Vq83mXp1-zz}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c}
data: {db.password: Vq83mXp1-zz}
---
apiVersion: v1
kind: Pod
metadata: {name: p}
spec: {containers: [{name: a, image: a, env: [{name: DB_PASSWORD, value: Vq83mXp1-zz}]}]}
"""
    )
    facts = look(Request((str(tmp_path),), KEY, now=NOW)).facts

    fingerprint = facts.secret(SecretRef("", "s")).definitions[0].keys[0].fingerprint  # type: ignore[union-attr]
    places = sorted(s.context.value for s in facts.sightings if s.fingerprint == fingerprint)
    assert places == ["configmap", "env", "secret"]


def test_rendered_secrets_of_one_file() -> None:
    """Two Secrets that were rendered from one file keep each its own value: only the object tells their places apart."""
    origin = Origin("deploy", "deploy/base/secrets.yaml", rendered_by="kustomize")
    resources = [
        resource
        for name, value in {"weak": "redis123", "strong": "Vq83mXp1-zz"}.items()
        for resource in objects_in(
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"password": value}},
            origin,
        )
    ]
    sightings = [*started().recognise([one for resource in resources for one in of_resource(resource)], KEY)]

    found = {r.ref.name: r.definitions[0].keys[0] for r in build(resources, sightings, [], Settings(), NOW).secrets}
    assert found["weak"].weak
    assert not found["strong"].weak
    assert found["weak"].fingerprint != found["strong"].fingerprint

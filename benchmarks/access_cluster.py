"""Dumps of generated clusters, as ``kubectl get -A -o json`` writes them: one file for each kind.

The same size gives the same bytes. The proportions are those of a platform with many teams: at 30,000 pods 4,500
RoleBindings, 700 ClusterRoleBindings, 1,400 Roles and 700 ClusterRoles.
"""

from __future__ import annotations

import base64
import json
import random
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Body = dict[str, Any]
_RBAC = "rbac.authorization.k8s.io"
_AT_30_000 = {
    "namespaces": 700,
    "nodes": 500,
    "users": 400,
    "groups": 160,
    "rolebindings": 4_500,
    "clusterrolebindings": 700,
    "roles": 1_400,
    "clusterroles": 700,
    "deployments": 5_000,
    "secrets": 12_000,
    "configmaps": 7_000,
}
_RESOURCES = ("pods", "deployments", "services", "configmaps", "events", "ingresses", "jobs", "endpoints", "leases")
_READ, _WRITE = ["get", "list", "watch"], ["create", "update", "patch", "delete"]
_WORDS = ("api", "web", "worker", "cache", "billing", "search", "mail", "auth", "report", "import", "export", "batch")


class Generator:
    """One cluster of some size."""

    def __init__(self, pods: int) -> None:
        self._pods = pods
        self._random = random.Random(pods)  # noqa: S311 - the same objects in every run
        scale = pods / 30_000
        self._count = {name: max(int(number * scale), 3) for name, number in _AT_30_000.items()}
        self._spaces = [f"team-{index:04}" for index in range(self._count["namespaces"])]
        self._machines = [f"node-{index:04}.example.org" for index in range(self._count["nodes"])]
        self._deployments = [
            (self._space(index), f"{_WORDS[index % len(_WORDS)]}-{index}")
            for index in range(self._count["deployments"])
        ]

    def write(self, folder: Path) -> int:
        """Write the files; return their size in bytes."""
        folder.mkdir(parents=True, exist_ok=True)
        kinds = {
            "namespaces": self._namespaces,
            "nodes": self._nodes,
            "serviceaccounts": self._accounts,
            "secrets": self._secrets,
            "configmaps": self._config_maps,
            "deployments": self._deployment_objects,
            "replicasets": self._replica_sets,
            "daemonsets": self._daemon_sets,
            "pods": self._pod_objects,
            "roles": self._roles,
            "clusterroles": self._cluster_roles,
            "rolebindings": self._role_bindings,
            "clusterrolebindings": self._cluster_role_bindings,
        }
        total = 0
        for name, make in kinds.items():
            path = folder / f"{name}.json"
            with path.open("w", encoding="utf-8") as stream:
                stream.write('{\n    "apiVersion": "v1",\n    "items": [')
                for index, body in enumerate(make()):
                    text = json.dumps(body, indent=4, sort_keys=True).replace("\n", "\n        ")
                    stream.write(("," if index else "") + "\n        " + text)
                stream.write(
                    '\n    ],\n    "kind": "List",\n    "metadata": {\n        "resourceVersion": ""\n    }\n}\n'
                )
            total += path.stat().st_size
        return total

    def _space(self, index: int) -> str:
        return self._spaces[index % len(self._spaces)]

    def _meta(self, name: str, namespace: str = "", **more: Any) -> Body:
        body: Body = {
            "creationTimestamp": "2026-03-01T12:00:00Z",
            "name": name,
            "resourceVersion": str(self._random.randrange(10**9)),
            "uid": _uid(namespace, name),
            **more,
        }
        return {**body, "namespace": namespace} if namespace else body

    def _namespaces(self) -> Iterator[Body]:
        for index, name in enumerate(["default", "kube-system", *self._spaces]):
            level = {"pod-security.kubernetes.io/enforce": "baseline" if index % 3 else "restricted"}
            labels = {"kubernetes.io/metadata.name": name, "team": f"{index % 60}", **(level if index % 5 else {})}
            yield _object("v1", "Namespace", self._meta(name, labels=labels), status={"phase": "Active"})

    def _nodes(self) -> Iterator[Body]:
        for name in self._machines:
            yield _object("v1", "Node", self._meta(name), spec={"podCIDR": "10.0.0.0/24"}, status={"phase": "Ready"})

    def _accounts(self) -> Iterator[Body]:
        for name in ["default", "kube-system", *self._spaces]:
            yield _object("v1", "ServiceAccount", self._meta("default", name))
        for namespace, name in self._deployments:
            yield _object("v1", "ServiceAccount", self._meta(name, namespace))

    def _secrets(self) -> Iterator[Body]:
        for index in range(self._count["secrets"]):
            text = "".join(self._random.choices("abcdefghijkmnpqrstuvwxyz23456789", k=40))
            value = base64.b64encode(text.encode()).decode()
            data = dict.fromkeys(("username", "password", "url")[: 1 + index % 3], value)
            labels = {"app.kubernetes.io/name": _WORDS[index % len(_WORDS)]}
            meta = self._meta(f"secret-{index}", self._space(index), labels=labels)
            yield _object("v1", "Secret", meta, data=data, type="Opaque")

    def _config_maps(self) -> Iterator[Body]:
        for index in range(self._count["configmaps"]):
            lines = "".join(f"server.option{n}={self._random.randrange(10**6)}\n" for n in range(20))
            meta = self._meta(f"config-{index}", self._space(index))
            yield _object("v1", "ConfigMap", meta, data={"application.properties": lines, "LOG_LEVEL": "info"})

    def _template(self, number: int, namespace: str, name: str, random_name: str = "") -> Body:
        """Return the spec of a pod: of a template, or with what the API server adds to a real one."""
        spaces = len(self._spaces)
        first = self._spaces.index(namespace) if namespace in self._spaces else 0
        used = [f"secret-{first + spaces * (number % 3 + step)}" for step in range(2)]
        mounts = [
            {"mountPath": "/etc/app", "name": "config"},
            {"mountPath": "/etc/tls", "name": "tls", "readOnly": True},
        ]
        volumes: list[Body] = [
            {"configMap": {"defaultMode": 420, "name": f"config-{first}"}, "name": "config"},
            {"name": "tls", "secret": {"defaultMode": 420, "secretName": used[0]}},
        ]
        if random_name:
            volume = f"kube-api-access-{random_name}"
            mounts.append(
                {"mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "name": volume, "readOnly": True}
            )
            volumes.append({"name": volume, "projected": {"defaultMode": 420, "sources": _PROJECTED}})
        container = {
            "env": [
                {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"key": "username", "name": used[1]}}},
                *({"name": f"OPTION_{index}", "value": "on"} for index in range(6)),
            ],
            "image": f"registry.example.org/{name}:1.4.{number % 10}",
            "imagePullPolicy": "IfNotPresent",
            "livenessProbe": {"failureThreshold": 3, "httpGet": {"path": "/live", "port": 8080, "scheme": "HTTP"}},
            "name": "app",
            "ports": [{"containerPort": 8080, "protocol": "TCP"}],
            "readinessProbe": {"failureThreshold": 3, "httpGet": {"path": "/ready", "port": 8080, "scheme": "HTTP"}},
            "resources": {"limits": {"memory": "256Mi"}, "requests": {"cpu": "100m", "memory": "128Mi"}},
            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File",
            "volumeMounts": mounts,
        }
        return {
            "containers": [container],
            "dnsPolicy": "ClusterFirst",
            "restartPolicy": "Always",
            "schedulerName": "default-scheduler",
            "securityContext": {"runAsNonRoot": True, "runAsUser": 1000},
            "serviceAccount": name,
            "serviceAccountName": name,
            "terminationGracePeriodSeconds": 30,
            "volumes": volumes,
        }

    def _deployment_objects(self) -> Iterator[Body]:
        for number, (namespace, name) in enumerate(self._deployments):
            template = {"metadata": {"labels": {"app": name}}, "spec": self._template(number, namespace, name)}
            spec = {"replicas": 5, "selector": {"matchLabels": {"app": name}}, "template": template}
            meta = self._meta(name, namespace, labels={"app": name})
            yield _object("apps/v1", "Deployment", meta, spec=spec, status={"readyReplicas": 5})

    def _replica_sets(self) -> Iterator[Body]:
        for number, (namespace, name) in enumerate(self._deployments):
            for revision in range(3):
                owner = _owner("Deployment", namespace, name)
                template = {"metadata": {"labels": {"app": name}}, "spec": self._template(number, namespace, name)}
                spec = {"replicas": 0 if revision else 5, "template": template}
                meta = self._meta(_set(name, revision), namespace, labels={"app": name}, ownerReferences=[owner])
                yield _object("apps/v1", "ReplicaSet", meta, spec=spec, status={"replicas": 0 if revision else 5})

    def _daemon_sets(self) -> Iterator[Body]:
        for name in ("log-agent", "network-agent"):
            spec = {**self._template(0, "kube-system", name), "hostNetwork": True}
            spec["volumes"] = [*spec["volumes"], {"hostPath": {"path": "/var/log"}, "name": "logs"}]
            template = {"metadata": {"labels": {"app": name}}, "spec": spec}
            yield _object("apps/v1", "DaemonSet", self._meta(name, "kube-system"), spec={"template": template})

    def _pod_objects(self) -> Iterator[Body]:
        agents = min(2 * len(self._machines), self._pods // 10)
        for index in range(agents):
            name = ("log-agent", "network-agent")[index % 2]
            machine = self._machines[index // 2 % len(self._machines)]
            yield self._pod(index, "kube-system", name, _owner("DaemonSet", "kube-system", name), machine)
        for index in range(self._pods - agents):
            number = index % len(self._deployments)
            namespace, name = self._deployments[number]
            owner = _owner("ReplicaSet", namespace, _set(name, 0))
            yield self._pod(number, namespace, name, owner, self._random.choice(self._machines))

    def _pod(self, number: int, namespace: str, app: str, owner: Body, machine: str) -> Body:
        letters = "".join(self._random.choices("bcdfghjklmnpqrstvwxz2456789", k=5))
        name = f"{owner['name']}-{letters}-{self._random.randrange(10**6)}"
        meta = self._meta(
            name,
            namespace,
            generateName=f"{owner['name']}-",
            labels={"app": app, "pod-template-hash": "7d4b9c6f5d"},
            ownerReferences=[owner],
        )
        spec = {**self._template(number, namespace, app, letters), "nodeName": machine, "tolerations": _TOLERATIONS}
        started = {"running": {"startedAt": "2026-10-01T08:00:00Z"}}
        container = {"containerID": f"containerd://{uuid.UUID(int=number).hex * 2}", "name": "app", "ready": True}
        conditions = [
            {"lastProbeTime": None, "lastTransitionTime": "2026-10-01T08:00:00Z", "status": "True", "type": kind}
            for kind in ("Initialized", "Ready", "ContainersReady", "PodScheduled")
        ]
        status = {
            "conditions": conditions,
            "containerStatuses": [{**container, "image": "app:1.4", "restartCount": 0, "state": started}],
            "hostIP": "10.1.2.3",
            "phase": "Running",
            "podIP": "10.2.3.4",
            "podIPs": [{"ip": "10.2.3.4"}],
            "qosClass": "Burstable",
            "startTime": "2026-10-01T08:00:00Z",
        }
        return _object("v1", "Pod", meta, spec=spec, status=status)

    def _rules(self, index: int, most: int) -> list[Body]:
        """Return some rules; secrets are in few of them, as least privilege asks."""
        rules = [
            {
                "apiGroups": ["", "apps", "batch"],
                "resources": self._random.sample(_RESOURCES, 3),
                "verbs": [*_READ, *(_WRITE if self._random.random() < 0.3 else [])],
            }
            for _ in range(self._random.randrange(1, most))
        ]
        if index % 9 == 0:
            names = {"resourceNames": [f"secret-{self._random.randrange(self._count['secrets'])}"]} if index % 2 else {}
            rules.append({"apiGroups": [""], "resources": ["secrets"], "verbs": _READ, **names})
        if index % 25 == 0:
            rules.append({"apiGroups": [""], "resources": ["pods/exec", "pods/portforward"], "verbs": ["create"]})
        return rules

    def _roles(self) -> Iterator[Body]:
        for index in range(self._count["roles"]):
            meta = self._meta(f"role-{index}", self._space(index))
            yield _object(f"{_RBAC}/v1", "Role", meta, rules=self._rules(index, 6))

    def _cluster_roles(self) -> Iterator[Body]:
        for index in range(self._count["clusterroles"]):
            rules = self._rules(index, 12)
            if index % 70 == 0:
                rules.append({"apiGroups": [""], "resources": ["users", "groups"], "verbs": ["impersonate"]})
            yield _object(f"{_RBAC}/v1", "ClusterRole", self._meta(f"operator-{index}"), rules=rules)

    def _role_bindings(self) -> Iterator[Body]:
        built_in = ("view", "edit", "admin")
        for index in range(self._count["rolebindings"]):
            namespace = self._space(index)
            if index % 3 == 0:
                ref = _ref("Role", f"role-{index % self._count['roles']}")
            else:
                ref = _ref("ClusterRole", built_in[index % 10 % 3])
            meta = self._meta(f"binding-{index}", namespace)
            yield _object(f"{_RBAC}/v1", "RoleBinding", meta, roleRef=ref, subjects=self._subjects(index))

    def _cluster_role_bindings(self) -> Iterator[Body]:
        for index in range(self._count["clusterrolebindings"]):
            ref = _ref("ClusterRole", "cluster-admin" if index % 100 == 0 else f"operator-{index}")
            subjects = self._subjects(index)[:1]
            meta = self._meta(f"operator-{index}")
            yield _object(f"{_RBAC}/v1", "ClusterRoleBinding", meta, roleRef=ref, subjects=subjects)

    def _subjects(self, index: int) -> list[Body]:
        group = {"apiGroup": _RBAC, "kind": "Group", "name": f"group-{self._random.randrange(self._count['groups'])}"}
        user = {"apiGroup": _RBAC, "kind": "User", "name": f"user-{self._random.randrange(self._count['users'])}"}
        namespace, name = self._random.choice(self._deployments)
        account = {"kind": "ServiceAccount", "name": name, "namespace": namespace}
        return ([account], [group], [user, group], [account, account | {"name": "default"}])[index % 4]


_PROJECTED = [
    {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
    {"configMap": {"items": [{"key": "ca.crt", "path": "ca.crt"}], "name": "kube-root-ca.crt"}},
    {"downwardAPI": {"items": [{"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}, "path": "ns"}]}},
]
_TOLERATIONS = [
    {"effect": "NoExecute", "key": f"node.kubernetes.io/{why}", "operator": "Exists", "tolerationSeconds": 300}
    for why in ("not-ready", "unreachable")
]


def _object(version: str, kind: str, metadata: Body, **body: Any) -> Body:
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **body}


def _ref(kind: str, name: str) -> Body:
    return {"apiGroup": _RBAC, "kind": kind, "name": name}


def _uid(namespace: str, name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{namespace}/{name}"))


def _set(name: str, revision: int) -> str:
    return f"{name}-7d4b9c6f{revision}d"


def _owner(kind: str, namespace: str, name: str) -> Body:
    return {
        "apiVersion": "apps/v1",
        "blockOwnerDeletion": True,
        "controller": True,
        "kind": kind,
        "name": name,
        "uid": _uid(namespace, name),
    }

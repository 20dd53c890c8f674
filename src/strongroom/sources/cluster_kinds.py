"""Which kinds of objects are read from a cluster: what the inventory and the checks look at, and nothing else.

The roles that `strongroom install --rbac audit` renders are made from these tables.
"""

from __future__ import annotations

SECRETS = ("", "secrets")
PODS = ("", "pods")
CONFIG_MAPS = ("", "configmaps")

BUILT_IN: dict[str, tuple[str, ...]] = {
    "": (
        "configmaps",
        "namespaces",
        "persistentvolumes",
        "pods",
        "podtemplates",
        "replicationcontrollers",
        "secrets",
        "serviceaccounts",
        "services",
    ),
    "admissionregistration.k8s.io": (
        "mutatingwebhookconfigurations",
        "validatingadmissionpolicies",
        "validatingadmissionpolicybindings",
        "validatingwebhookconfigurations",
    ),
    "apiextensions.k8s.io": ("customresourcedefinitions",),
    "apiregistration.k8s.io": ("apiservices",),
    "apps": ("daemonsets", "deployments", "replicasets", "statefulsets"),
    "batch": ("cronjobs", "jobs"),
    "networking.k8s.io": ("ingresses", "networkpolicies"),
    "rbac.authorization.k8s.io": ("clusterrolebindings", "clusterroles", "rolebindings", "roles"),
    "storage.k8s.io": ("csidrivers",),
}
"""API group to plural names: the kinds that every cluster has (Kubernetes API reference, v1.36)."""

CUSTOM: dict[str, tuple[str, ...]] = {
    "argoproj.io": (
        "analysistemplates",
        "applications",
        "applicationsets",
        "appprojects",
        "clusteranalysistemplates",
        "clusterworkflowtemplates",
        "cronworkflows",
        "eventbus",
        "eventsources",
        "experiments",
        "rollouts",
        "sensors",
        "workfloweventbindings",
        "workflows",
        "workflowtemplates",
    ),
    "bitnami.com": ("sealedsecrets",),
    "bootstrap.cluster.x-k8s.io": (
        "kubeadmconfigs",
        "kubeadmconfigtemplates",
    ),
    "cert-manager.io": (
        "certificates",
        "clusterissuers",
        "issuers",
    ),
    "cilium.io": (
        "ciliumclusterwidenetworkpolicies",
        "ciliumnetworkpolicies",
    ),
    "controlplane.cluster.x-k8s.io": (
        "kubeadmcontrolplanes",
        "kubeadmcontrolplanetemplates",
    ),
    "crd.projectcalico.org": (
        "globalnetworkpolicies",
        "networkpolicies",
        "stagednetworkpolicies",
    ),
    "external-secrets.io": (
        "clusterexternalsecrets",
        "clusterpushsecrets",
        "clustersecretstores",
        "externalsecrets",
        "pushsecrets",
        "secretstores",
    ),
    "gateway.networking.k8s.io": (
        "backendtlspolicies",
        "gatewayclasses",
        "gateways",
        "grpcroutes",
        "httproutes",
        "listenersets",
        "referencegrants",
        "tcproutes",
        "tlsroutes",
        "udproutes",
    ),
    "generators.external-secrets.io": (
        "acraccesstokens",
        "cloudsmithaccesstokens",
        "clustergenerators",
        "ecrauthorizationtokens",
        "fakes",
        "gcraccesstokens",
        "generatorstates",
        "githubaccesstokens",
        "grafanas",
        "mfas",
        "passwords",
        "quayaccesstokens",
        "sshkeys",
        "stssessiontokens",
        "uuids",
        "vaultdynamicsecrets",
        "webhooks",
    ),
    "grafana.integreatly.org": ("grafanas",),
    "helm.toolkit.fluxcd.io": ("helmreleases",),
    "image.toolkit.fluxcd.io": (
        "imagepolicies",
        "imagerepositories",
        "imageupdateautomations",
    ),
    "infisical.com": ("infisicalsecrets",),
    "isindir.github.com": ("sopssecrets",),
    "kafka.strimzi.io": ("kafkausers",),
    "kustomize.toolkit.fluxcd.io": ("kustomizations",),
    "kyverno.io": (
        "cleanuppolicies",
        "clustercleanuppolicies",
        "clusterpolicies",
        "globalcontextentries",
        "policies",
        "policyexceptions",
    ),
    "monitoring.coreos.com": (
        "alertmanagers",
        "prometheuses",
    ),
    "networking.istio.io": ("gateways",),
    "notification.toolkit.fluxcd.io": (
        "alerts",
        "providers",
        "receivers",
    ),
    "onepassword.com": ("onepassworditems",),
    "policies.kyverno.io": (
        "deletingpolicies",
        "generatingpolicies",
        "imagevalidatingpolicies",
        "mutatingpolicies",
        "policyexceptions",
        "validatingpolicies",
    ),
    "policy.networking.k8s.io": (
        "adminnetworkpolicies",
        "baselineadminnetworkpolicies",
        "clusternetworkpolicies",
    ),
    "postgresql.cnpg.io": ("clusters",),
    "rabbitmq.com": ("rabbitmqclusters",),
    "redhatcop.redhat.io": (
        "randomsecrets",
        "vaultsecrets",
    ),
    "ricoberger.de": ("vaultsecrets",),
    "secrets-store.csi.x-k8s.io": ("secretproviderclasses",),
    "secrets.doppler.com": ("dopplersecrets",),
    "secrets.hashicorp.com": (
        "csisecrets",
        "hcpauths",
        "hcpvaultsecretsapps",
        "secrettransformations",
        "vaultauthglobals",
        "vaultauths",
        "vaultconnections",
        "vaultdynamicsecrets",
        "vaultpkisecrets",
        "vaultstaticsecrets",
    ),
    "secrets.infisical.com": ("infisicalsecrets",),
    "serving.knative.dev": ("services",),
    "source.toolkit.fluxcd.io": (
        "buckets",
        "externalartifacts",
        "gitrepositories",
        "helmcharts",
        "helmrepositories",
        "ocirepositories",
    ),
    "spv.no": ("azurekeyvaultsecrets",),
    "traefik.io": (
        "ingressroutes",
        "tlsstores",
    ),
    "vault.banzaicloud.com": ("vaults",),
}
"""API group to plural names: custom resources that make, store, deliver or use secrets. Read where a cluster has
them."""

OPEN = frozenset(
    {
        "argoproj.io",
        "bitnami.com",
        "cert-manager.io",
        "external-secrets.io",
        "gateway.networking.k8s.io",
        "generators.external-secrets.io",
        "helm.toolkit.fluxcd.io",
        "image.toolkit.fluxcd.io",
        "kustomize.toolkit.fluxcd.io",
        "kyverno.io",
        "notification.toolkit.fluxcd.io",
        "policies.kyverno.io",
        "redhatcop.redhat.io",
        "secrets-store.csi.x-k8s.io",
        "secrets.hashicorp.com",
        "source.toolkit.fluxcd.io",
        "vault.banzaicloud.com",
    }
)
"""Groups that belong to secret tools, and to what delivers, wholly: of these any kind is read, also one that came after
this was written. A role knows kinds by name, so such a kind is named as not permitted until the role has it."""

RECORDS = frozenset(
    {
        ("argoproj.io", "analysisruns"),
        ("argoproj.io", "workflowartifactgctasks"),
        ("argoproj.io", "workflowtaskresults"),
        ("argoproj.io", "workflowtasksets"),
        ("cert-manager.io", "certificaterequests"),
        ("kyverno.io", "updaterequests"),
        ("secrets-store.csi.x-k8s.io", "secretproviderclasspodstatuses"),
    }
)
"""What of these is not read: one for each run or pod, and it repeats what made it."""

CLUSTER_SCOPED = frozenset(
    {
        ("", "namespaces"),
        ("", "persistentvolumes"),
        ("admissionregistration.k8s.io", "mutatingwebhookconfigurations"),
        ("admissionregistration.k8s.io", "validatingadmissionpolicies"),
        ("admissionregistration.k8s.io", "validatingadmissionpolicybindings"),
        ("admissionregistration.k8s.io", "validatingwebhookconfigurations"),
        ("apiextensions.k8s.io", "customresourcedefinitions"),
        ("apiregistration.k8s.io", "apiservices"),
        ("argoproj.io", "clusteranalysistemplates"),
        ("argoproj.io", "clusterworkflowtemplates"),
        ("cert-manager.io", "clusterissuers"),
        ("cilium.io", "ciliumclusterwidenetworkpolicies"),
        ("crd.projectcalico.org", "globalnetworkpolicies"),
        ("external-secrets.io", "clusterexternalsecrets"),
        ("external-secrets.io", "clusterpushsecrets"),
        ("external-secrets.io", "clustersecretstores"),
        ("gateway.networking.k8s.io", "gatewayclasses"),
        ("generators.external-secrets.io", "clustergenerators"),
        ("kyverno.io", "clustercleanuppolicies"),
        ("kyverno.io", "clusterpolicies"),
        ("kyverno.io", "globalcontextentries"),
        ("policies.kyverno.io", "deletingpolicies"),
        ("policies.kyverno.io", "generatingpolicies"),
        ("policies.kyverno.io", "imagevalidatingpolicies"),
        ("policies.kyverno.io", "mutatingpolicies"),
        ("policies.kyverno.io", "validatingpolicies"),
        ("policy.networking.k8s.io", "adminnetworkpolicies"),
        ("policy.networking.k8s.io", "baselineadminnetworkpolicies"),
        ("policy.networking.k8s.io", "clusternetworkpolicies"),
        ("rbac.authorization.k8s.io", "clusterrolebindings"),
        ("rbac.authorization.k8s.io", "clusterroles"),
        ("storage.k8s.io", "csidrivers"),
    }
)
"""Kinds of both tables whose objects are in no namespace: a Role cannot let anybody read them."""

MAKERS = frozenset(
    {
        ("", "podtemplates"),
        ("", "replicationcontrollers"),
        ("apps", "daemonsets"),
        ("apps", "deployments"),
        ("apps", "statefulsets"),
        ("batch", "cronjobs"),
    }
)
"""What makes pods, or makes what makes them."""

MADE = frozenset({("apps", "replicasets"), ("batch", "jobs")})
"""What a maker may have made, and what makes pods itself."""

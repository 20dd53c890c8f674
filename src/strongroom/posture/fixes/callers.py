"""Who connects to the pods of a namespace from outside it, as far as manifests say.

https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.resource import Resource, as_dict, as_list, as_text, dig, texts_in

_ROUTES = ("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute")
_CUSTOM_ROUTES = frozenset(
    {"VirtualService", "IngressRoute", "IngressRouteTCP", "IngressRouteUDP", "HTTPProxy"}
    | {"Mapping", "TCPMapping", "VirtualServer", "VirtualServerRoute", "TransportServer", "ApisixRoute", "Route"}
)
"""Of Istio, Traefik, Contour, Emissary, NGINX, APISIX, OpenShift: they name Services, each in its own way."""
_ACME = ("cert-manager.io/issuer", "cert-manager.io/cluster-issuer", "kubernetes.io/tls-acme")
_WEBHOOKS = ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")
_OUTSIDE = ("LoadBalancer", "NodePort")
_SCRAPE = "prometheus.io/scrape"
_SCRAPED = ("ServiceMonitor", "PodMonitor", "PodMonitoring")


def services_called(namespace: str, facts: Facts) -> Iterator[Resource]:
    """Yield the Services of a namespace that something outside it connects to."""
    asked = {*_of_ingresses(namespace, facts), *_of_routes(namespace, facts), *_of_api_server(namespace, facts)}
    for service in facts.of_kind("Service"):
        if service.namespace != namespace:
            continue
        outside = service.get("spec", "type") in _OUTSIDE or bool(service.get("spec", "externalIPs"))
        if outside or service.name in asked or _named_elsewhere(service, facts) or _is_routed(service, facts):
            yield service


def is_challenged(namespace: str, facts: Facts) -> bool:
    """Tell whether cert-manager may have an ACME server ask pods of a namespace for what proves a domain."""
    ingresses = [one for one in facts.of_kind("Ingress") if one.namespace == namespace]
    issued = any(one.namespace == namespace for one in facts.of_kind("Certificate"))
    return issued or any(name in one.annotations for one in ingresses for name in _ACME)


def is_scraped(namespace: str, facts: Facts) -> bool:
    """Tell whether a monitoring system of another namespace may ask its pods for metrics."""
    if next(facts.of_kind(*_SCRAPED), None) is not None:
        return True
    pods = [dig(w.resource.body, (*w.field[:-1], "metadata")) for w in facts.workloads if w.namespace == namespace]
    services = [one.get("metadata") for one in facts.of_kind("Service") if one.namespace == namespace]
    return any(as_dict(as_dict(one).get("annotations")).get(_SCRAPE) for one in (*pods, *services))


def _of_ingresses(namespace: str, facts: Facts) -> Iterator[str]:
    for ingress in facts.of_kind("Ingress"):
        if ingress.namespace == namespace:
            backends = [ingress.get("spec", "defaultBackend")]
            for rule in as_list(ingress.get("spec", "rules")):
                backends += [as_dict(path).get("backend") for path in as_list(dig(rule, ("http", "paths")))]
            yield from (as_text(dig(one, ("service", "name"))) for one in backends)


def _of_routes(namespace: str, facts: Facts) -> Iterator[str]:
    for route in facts.of_kind(*_ROUTES):
        for rule in as_list(route.get("spec", "rules")):
            for backend in map(as_dict, as_list(as_dict(rule).get("backendRefs"))):
                if (as_text(backend.get("namespace")) or route.namespace) == namespace:
                    yield as_text(backend.get("name"))


def _of_api_server(namespace: str, facts: Facts) -> Iterator[str]:
    called = [one.get("spec", "service") for one in facts.of_kind("APIService")]
    called += [
        one.get("spec", "conversion", "webhook", "clientConfig", "service")
        for one in facts.of_kind("CustomResourceDefinition")
    ]
    for configuration in facts.of_kind(*_WEBHOOKS):
        called += [dig(one, ("clientConfig", "service")) for one in as_list(configuration.body.get("webhooks"))]
    yield from (as_text(as_dict(one).get("name")) for one in called if as_dict(one).get("namespace") == namespace)


def _is_routed(service: Resource, facts: Facts) -> bool:
    """Tell whether a route of some ingress controller names a Service of its own namespace."""
    routes = [one for one in facts.of_kind(*_CUSTOM_ROUTES) if one.namespace == service.namespace]
    name = re.compile(rf"(?:\w+://)?{re.escape(service.name)}(?:[.:].*)?")
    return any(name.fullmatch(text) for one in routes for text in texts_in(one.get("spec")))


def _named_elsewhere(service: Resource, facts: Facts) -> bool:
    """Tell whether an object of another namespace says the DNS name of a Service."""
    name = re.compile(rf"(?<![-.\w]){re.escape(service.name)}\.{re.escape(service.namespace)}(?![-\w])")
    return any(
        name.search(text)
        for one in facts.resources
        if one.namespace != service.namespace
        for text in texts_in(one.body)
    )

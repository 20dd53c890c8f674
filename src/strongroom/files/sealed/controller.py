"""The controller's own HTTP interface, reached through the API server: its certificate, verify, rotate.

Source: https://github.com/bitnami-labs/sealed-secrets ``pkg/controller/server.go``, and how ``kubeseal`` asks
(``pkg/kubeseal/kubeseal.go``). Least rights: ``get`` on the Service, ``get`` and ``create`` on ``services/proxy``, as
the controller's own role ``sealed-secrets-service-proxier`` gives them to everybody. Its Secrets are never read: they
hold the private keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec

from strongroom.errors import AnswerError, ClusterError, StrongroomError, TamperedError
from strongroom.files.sealed.scope import scope_of
from strongroom.files.sealed.sealed import API_VERSION, KIND, SealedSecret, envelope
from strongroom.kube.client import Client
from strongroom.model.resource import as_dict, as_text, dig

_CERTIFICATE_BYTES = 1 << 20
_HINT = "--controller-namespace and --controller-name say where the controller is"


class Controller:
    """The controller of one cluster.

    Args:
        client: an open session with the cluster.
        namespace, name: of the controller's Service.
    """

    def __init__(self, client: Client, namespace: str, name: str) -> None:
        self._client, self._namespace, self._name = client, namespace, name
        self._base = ""

    async def certificate(self) -> bytes:
        """Return the certificate of its newest key, in PEM.

        Raises:
            ClusterError: it cannot be reached.
        """
        try:
            base = await self._proxy()
            return await self._client.get(f"{base}/v1/cert.pem", accept="*/*", most=_CERTIFICATE_BYTES)
        except AnswerError as error:
            raise self._failed(error, "hands out no certificate") from None

    async def opens(self, sealed: SealedSecret) -> bool:
        """Tell whether the controller can open every value.

        Raises:
            ClusterError: it cannot be reached, or cannot say.
        """
        try:
            await self._client.post(f"{await self._proxy()}/v1/verify", _sent(sealed, sealed.values))
        except AnswerError as error:
            if error.status == HTTPStatus.CONFLICT:
                return False
            raise self._failed(error, f"cannot verify {sealed.show()}") from None
        return True

    async def sealed_anew(self, sealed: SealedSecret) -> dict[str, str]:
        """Return the values sealed anew with the controller's newest key, under the same label.

        The template is not sent: older controllers would fill it in and seal the result, and take the scope from it.
        What comes back is verified by the controller before it counts.

        Raises:
            ClusterError: it cannot be reached, or cannot open a value.
            TamperedError: what comes back is not what was asked for.
        """
        try:
            answer = await self._client.post(f"{await self._proxy()}/v1/rotate", _sent(sealed, sealed.values))
        except AnswerError as error:
            raise self._failed(error, f"cannot seal {sealed.show()} anew; can it open it?") from None
        values = _values(answer, sealed)
        if not await self.opens(sealed._replace(values=values)):
            raise TamperedError(f"the controller cannot open what it made of {sealed.show()}")
        return values

    async def _proxy(self) -> str:
        """Return the path under which the API server hands requests on; ``kubeseal`` takes the first port as well."""
        if not self._base:
            services = f"/api/v1/namespaces/{self._namespace}/services"
            try:
                service = msgspec.json.decode(await self._client.get(f"{services}/{self._name}"))
            except msgspec.DecodeError:
                raise ClusterError(f"Service {self._namespace}/{self._name} cannot be read") from None
            port = as_text(dig(service, ("spec", "ports", 0, "name")))
            self._base = f"{services}/http:{self._name}:{port}/proxy"
        return self._base

    def _failed(self, error: AnswerError, what: str) -> StrongroomError:
        name = f"the controller {self._namespace}/{self._name}"
        if error.status == HTTPStatus.NOT_FOUND:
            return ClusterError(f"there is no Service {self._namespace}/{self._name}", hint=_HINT)
        if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
            return ClusterError(f"{name} does not answer", hint="is its pod running?")
        if error.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS):
            return error
        return ClusterError(f"{name} {what}", hint=error.hint)


def _sent(sealed: SealedSecret, values: Mapping[str, str]) -> bytes:
    metadata: dict[str, Any] = {"name": sealed.name, "namespace": sealed.namespace}
    if sealed.scope.annotations():
        metadata["annotations"] = sealed.scope.annotations()
    return msgspec.json.encode(
        {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": metadata,
            "spec": {"encryptedData": values, "template": {"metadata": metadata}},
        }
    )


def _values(answer: bytes, sealed: SealedSecret) -> dict[str, str]:
    try:
        body = as_dict(msgspec.json.decode(answer))
    except msgspec.DecodeError:
        raise TamperedError(f"the controller's answer on {sealed.show()} is no object") from None
    metadata = as_dict(body.get("metadata"))
    values = {key: as_text(text) for key, text in as_dict(dig(body, ("spec", "encryptedData"))).items()}
    same = (as_text(metadata.get("name")), as_text(metadata.get("namespace"))) == (sealed.name, sealed.namespace)
    if not same or scope_of(as_dict(metadata.get("annotations"))) is not sealed.scope:
        raise TamperedError(f"the controller changed the name, the namespace or the scope of {sealed.show()}")
    if values.keys() != sealed.values.keys():
        raise TamperedError(f"the controller changed the keys of {sealed.show()}")
    for key, text in values.items():
        if envelope(text).size != envelope(sealed.values[key]).size:
            raise TamperedError(f"the controller changed the size of {key} of {sealed.show()}")
    return values

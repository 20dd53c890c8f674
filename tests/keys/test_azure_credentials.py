"""Where credentials for Azure are found, against servers that check what the published protocols say."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.keys.azure import CLIENT, FEDERATED, RESOURCE, TENANT, Azure
from tests.keys.contexts import DATA_KEY, context

from strongroom.errors import KeyUseError
from strongroom.keys import azure_key_vault as vault


def _used(azure: Azure, environment: Mapping[str, str]) -> list[str]:
    """Wrap and unwrap twice with credentials; the paths of the token server that were asked."""
    (key,) = vault.parse(azure.key("credentials"))
    somebody = context({**azure.environment, **environment})
    before = len(azure.service.calls)
    for _ in range(2):
        assert vault.unwrap(vault.wrap(DATA_KEY, key, somebody), somebody) == DATA_KEY
    return [call.path for call in azure.service.calls[before:] if not call.path.startswith("/keys/")]


def test_a_client_secret(azure: Azure) -> None:
    """One token serves for all requests."""
    assert _used(azure, azure.client) == [f"/{TENANT}/oauth2/v2.0/token"]


def test_workload_identity(azure: Azure, tmp_path: Path) -> None:
    """The token that Kubernetes puts into a file is exchanged."""
    (tmp_path / "token").write_text(FEDERATED + "\n")
    named = {"AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": CLIENT}
    assert len(_used(azure, {**named, "AZURE_FEDERATED_TOKEN_FILE": str(tmp_path / "token")})) == 1
    with pytest.raises(KeyUseError, match="missing could not be read"):
        _used(azure, {**named, "AZURE_FEDERATED_TOKEN_FILE": str(tmp_path / "missing")})


def test_managed_identity(azure: Azure) -> None:
    """Of a machine, with or without a client of its own, and of App Service."""
    machine = {"AZURE_POD_IDENTITY_AUTHORITY_HOST": azure.machine.address}
    assert _used(azure, machine) == []
    assert _used(azure, {**machine, "AZURE_CLIENT_ID": CLIENT}) == []
    assert f"client_id={CLIENT}" in azure.machine.calls[-1].query
    assert _used(azure, {"IDENTITY_ENDPOINT": f"{azure.machine.address}/msi/token", "IDENTITY_HEADER": "header"}) == []


def test_a_person_who_logged_in(azure: Azure, tmp_path: Path) -> None:
    """The az program gives the token; where it fails, its words are not repeated."""
    answer = tmp_path / "answer"
    answer.write_text(json.dumps({"accessToken": azure.token()}))
    script = f"#!{sys.executable}\nimport sys\nassert sys.argv[1:] == {_words()}\nprint(open({str(answer)!r}).read())\n"
    (tmp_path / "az").write_text(script)
    (tmp_path / "az").chmod(0o755)
    assert _used(azure, {"PATH": str(tmp_path)}) == []
    for text in ("hunter2", "[]", json.dumps({"error": "hunter2"})):
        answer.write_text(text)
        with pytest.raises(KeyUseError, match="az gives no token") as caught:
            _used(azure, {"PATH": str(tmp_path)})
        assert "hunter2" not in caught.value.message + caught.value.hint


def _words() -> list[str]:
    return ["account", "get-access-token", "--output", "json", "--resource", RESOURCE]


def test_credentials_that_do_not_work(azure: Azure) -> None:
    """The error says so, and holds none of them."""
    with pytest.raises(KeyUseError, match="gives no token for these credentials") as caught:
        _used(azure, {**azure.client, "AZURE_CLIENT_SECRET": "hunter2"})
    assert "hunter2" not in caught.value.message + caught.value.hint
    with pytest.raises(KeyUseError, match="no https URL"):
        _used(azure, {**azure.client, "AZURE_AUTHORITY_HOST": "http://login.example.com"})
    with pytest.raises(KeyUseError, match="there are no Azure credentials") as caught:
        _used(azure, {})
    assert "az login" in caught.value.hint

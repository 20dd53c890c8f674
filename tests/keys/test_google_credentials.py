"""Where credentials for Google Cloud are found, against servers that check what the published protocols say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.keys.contexts import DATA_KEY, context
from tests.keys.google import REFRESH, SUBJECT, Google

from strongroom.errors import KeyUseError
from strongroom.keys import gcp_kms


def _used(google: Google, environment: Mapping[str, str]) -> None:
    """Wrap and unwrap with credentials; one token serves for all."""
    (key,) = gcp_kms.parse(google.key("credentials"))
    somebody = context({**google.environment, **environment})
    before = len(google.service.calls)
    for _ in range(2):
        assert gcp_kms.unwrap(gcp_kms.wrap(DATA_KEY, key, somebody), somebody) == DATA_KEY
    asked = [call.path for call in google.service.calls[before:] if not call.path.startswith("/v1/")]
    assert len(asked) == len(set(asked))


def _written(path: Path, credentials: Mapping[str, Any]) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(credentials))
    return str(path)


def _user(google: Google) -> dict[str, Any]:
    return {
        "type": "authorized_user",
        "client_id": "gcloud",
        "client_secret": "public",
        "refresh_token": REFRESH,
        "token_uri": f"{google.address}/token",
        "quota_project_id": "shop",
    }


def test_a_service_account(google: Google, tmp_path: Path) -> None:
    """A signed assertion is exchanged for a token; from a file or from the variable itself, as with SOPS."""
    account = google.service_account()
    path = _written(tmp_path / "account.json", account)
    for environment in (
        {"GOOGLE_APPLICATION_CREDENTIALS": path},
        {"GOOGLE_CREDENTIALS": path},
        {"GOOGLE_CREDENTIALS": json.dumps(account), "GOOGLE_OAUTH_ACCESS_TOKEN": "wrong"},
    ):
        _used(google, environment)


def test_a_person_who_logged_in(google: Google, tmp_path: Path) -> None:
    """The file of gcloud is found in its place, and the project that pays is named with each request."""
    _written(tmp_path / ".config/gcloud/application_default_credentials.json", _user(google))
    _used(google, {"HOME": str(tmp_path)})
    assert google.service.calls[-1].headers["x-goog-user-project"] == "shop"
    _written(tmp_path / "sdk/application_default_credentials.json", _user(google))
    _used(google, {"CLOUDSDK_CONFIG": str(tmp_path / "sdk")})


def test_a_token_of_its_own(google: Google, tmp_path: Path) -> None:
    """GOOGLE_OAUTH_ACCESS_TOKEN counts before the default credentials, as with SOPS."""
    missing = {"GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "missing.json")}
    _used(google, {"GOOGLE_OAUTH_ACCESS_TOKEN": google.token(), **missing})


def test_a_machine(google: Google) -> None:
    """The metadata server gives the token of the machine or the pod."""
    _used(google, {"GCE_METADATA_HOST": google.metadata.address.removeprefix("http://")})


@pytest.mark.parametrize("impersonate", [False, True])
def test_workload_identity_federation(google: Google, tmp_path: Path, impersonate: bool) -> None:
    """The token of another provider, from a file or a URL, is exchanged; a service account is taken where one is named."""
    (tmp_path / "token").write_text(SUBJECT + "\n")
    (tmp_path / "token.json").write_text(json.dumps({"value": SUBJECT}))
    shape = {"type": "json", "subject_token_field_name": "value"}
    for source in (
        {"file": str(tmp_path / "token")},
        {"file": str(tmp_path / "token.json"), "format": shape},
        {"url": f"{google.address}/subject", "headers": {"Authorization": "Bearer job"}, "format": shape},
    ):
        credentials = google.federation(source, impersonate=impersonate)
        _used(google, {"GOOGLE_APPLICATION_CREDENTIALS": _written(tmp_path / "federation.json", credentials)})
        assert any(call.path == "/impersonate/ci" for call in google.service.calls[-5:]) == impersonate


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"private_key": "hunter2"}, "are not complete"),
        ({"client_email": None}, "gives no token for these credentials"),
        ({"type": "hunter2"}, "of a kind that is not supported"),
        ({"type": "impersonated_service_account"}, "of a kind that is not supported"),
        ({"type": "authorized_user"}, "are not complete"),
        (
            {"type": "authorized_user", "client_id": "", "client_secret": "", "refresh_token": "hunter2"},
            "gives no token",
        ),
        ({"type": "external_account", "audience": "", "subject_token_type": "", "credential_source": {}}, "take their"),
        ({"type": "external_account"}, "are not complete"),
    ],
)
def test_credentials_that_do_not_work(google: Google, tmp_path: Path, changed: dict[str, Any], message: str) -> None:
    """The error says what is wrong with them and holds none of their parts."""
    path = _written(tmp_path / "account.json", {**google.service_account(), **changed})
    (key,) = gcp_kms.parse(google.key("credentials"))
    with pytest.raises(KeyUseError) as caught:
        gcp_kms.wrap(DATA_KEY, key, context({**google.environment, "GOOGLE_APPLICATION_CREDENTIALS": path}))
    assert message in caught.value.message
    assert "hunter2" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize("text", ["", "[]", "hunter2", '{"type": "service_account"}', "\udcff"])
def test_a_file_that_holds_no_credentials(google: Google, tmp_path: Path, text: str) -> None:
    """It is named, and not shown."""
    path = tmp_path / "account.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    (key,) = gcp_kms.parse(google.key("credentials"))
    with pytest.raises(KeyUseError) as caught:
        gcp_kms.wrap(DATA_KEY, key, context({**google.environment, "GOOGLE_APPLICATION_CREDENTIALS": str(path)}))
    assert str(path) in caught.value.message
    assert "hunter2" not in caught.value.message


def test_no_credentials_at_all(google: Google) -> None:
    """Without any, and on no machine of Google's, the hint says how to log in."""
    (key,) = gcp_kms.parse(google.key("credentials"))
    with pytest.raises(KeyUseError, match="there are no Google credentials") as caught:
        gcp_kms.wrap(DATA_KEY, key, context(google.environment))
    assert "gcloud auth application-default login" in caught.value.hint
    with pytest.raises(KeyUseError, match="could not be read"):
        gcp_kms.wrap(DATA_KEY, key, context({**google.environment, "GOOGLE_CREDENTIALS": "/nowhere.json"}))

"""Clients of AWS services, with the credentials of a master key: its profile and its role.

boto3 is an extra and takes long to import, so that it is imported when a client is made.
"""

from __future__ import annotations

import os
import re
import socket
from typing import TYPE_CHECKING, Any, NamedTuple

from strongroom.keys.key import Context, MasterKey

if TYPE_CHECKING:
    import boto3


class Patience(NamedTuple):
    """How long a client waits: to connect and for an answer, in seconds, and how often it tries."""

    connect: float = 5
    read: float = 10
    attempts: int = 3


USUAL = Patience()
"""Of a command line, whose person would rather wait than begin again."""


_OTHER_THAN_SESSION_NAME = re.compile(r"[^\w+=,.@-]+", re.ASCII)
"""What ``RoleSessionName`` may not hold (STS API reference, AssumeRole)."""

_SESSION_NAME_LENGTH = 64

_VARIABLES = {
    "config_file": "AWS_CONFIG_FILE",
    "credentials_file": "AWS_SHARED_CREDENTIALS_FILE",
    "ca_bundle": "AWS_CA_BUNDLE",
}


def client(service: str, key: MasterKey, context: Context, patience: Patience = USUAL) -> Any:
    """Return a client of a service in the region of a key; kept with the context."""
    options = dict(key.options)
    region = key.name.split(":")[3]
    name = ("aws", service, region, options.get("role", ""), options.get("aws_profile", ""))
    kept = context.kept if context.kept is not None else {}
    if str(name) not in kept:
        session = _session(options.get("aws_profile", ""), context)
        if role := options.get("role"):
            session = _assumed(session, role, region, context)
        kept[str(name)] = _client(session, service, region, context, patience)
    return kept[str(name)]


def service(name: str, context: Context) -> Any:
    """Return a client of a service that no master key stands for, with the credentials of the environment."""
    environment = context.environment
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    return _client(_session("", context), name, region, context)


def _session(profile: str, context: Context) -> boto3.Session:
    import boto3
    import botocore.session
    from botocore.credentials import EnvProvider

    inner = botocore.session.Session(profile=profile or None)
    if context.environment is not os.environ:
        for name, variable in _VARIABLES.items():
            if variable in context.environment:
                inner.set_config_variable(name, context.environment[variable])
        if not profile:  # with a profile, the AWS libraries leave the environment's credentials out
            provider = EnvProvider(environ=dict(context.environment))
            inner.get_component("credential_provider").insert_before("env", provider)
    return boto3.Session(botocore_session=inner)


def _client(session: boto3.Session, name: str, region: str | None, context: Context, patience: Patience = USUAL) -> Any:
    from botocore.config import Config

    environment = context.environment
    endpoint = environment.get(f"AWS_ENDPOINT_URL_{name.upper()}") or environment.get("AWS_ENDPOINT_URL")
    config = Config(
        connect_timeout=patience.connect,
        read_timeout=patience.read,
        retries={"total_max_attempts": patience.attempts, "mode": "standard"},
    )
    return session.client(name, region_name=region, endpoint_url=endpoint or None, config=config)


def _assumed(session: boto3.Session, role: str, region: str, context: Context) -> boto3.Session:
    """Take a role, under the session name that SOPS uses, which trust policies may ask for."""
    import boto3

    name = "sops@" + _OTHER_THAN_SESSION_NAME.sub("", socket.gethostname())
    answer = _client(session, "sts", region, context).assume_role(
        RoleArn=role, RoleSessionName=name[:_SESSION_NAME_LENGTH]
    )
    credentials = answer["Credentials"]
    return boto3.Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )

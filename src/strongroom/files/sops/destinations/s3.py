"""S3 of AWS and what speaks its protocol: one object per file, through boto3 and the credentials that it finds."""

from __future__ import annotations

from collections.abc import Mapping

from strongroom.errors import KeyUseError, UsageError
from strongroom.files.sops.destinations import Store
from strongroom.keys.key import Context
from strongroom.model.plaintext import Plaintext


def address(options: Mapping[str, str], name: str, environment: Mapping[str, str]) -> str:  # noqa: ARG001
    """Return the address of the object."""
    return f"s3://{options.get('bucket', '')}/{options.get('prefix', '')}{name}"


def put(options: Mapping[str, str], name: str, data: Plaintext, context: Context) -> bool:
    """Store an object; one of that name gives way.

    Raises:
        UsageError: boto3 is not installed.
        KeyUseError: the service cannot be reached, or refuses.
    """
    try:
        from botocore.exceptions import BotoCoreError, ClientError

        from strongroom.keys.aws_session import service
    except ImportError:
        raise UsageError("boto3 is not installed", hint="install strongroom[aws]") from None
    where = address(options, name, context.environment)
    try:
        client = service("s3", context)
        client.put_object(
            Bucket=options.get("bucket", ""), Key=f"{options.get('prefix', '')}{name}", Body=data.reveal()
        )
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "unknown"))
        raise KeyUseError(f"{where} could not be written: {code}", hint="it needs s3:PutObject there") from None
    except BotoCoreError as error:
        raise KeyUseError(f"{where} could not be written: {type(error).__name__}") from None
    return True


STORE = Store(encrypted=True, address=address, put=put)

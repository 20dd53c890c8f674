"""AWS on loopback: the server of moto, with its KMS and STS."""

from __future__ import annotations

import sys
import urllib.request
from pathlib import Path

from tests.support.controlplane.folder import Folder
from tests.support.controlplane.process import LOOPBACK, Process, ProcessError
from tests.support.ports import free_port

MOTO = Path(sys.executable).parent / "moto_server"
REGION = "eu-central-1"
ATTEMPTS = 5


class Moto:
    """A server, until it is closed; it dies with the process that started it."""

    def __init__(self) -> None:
        self._folder = Folder()
        self._process = Process("moto_server", self._folder.path / "log")
        for attempt in range(1, ATTEMPTS + 1):
            port = free_port()
            self.address = f"http://{LOOPBACK}:{port}"
            try:
                self._process.start([sys.executable, str(MOTO), "-H", LOOPBACK, "-p", str(port)])
                self._process.wait_until(self._answers, "ready")
                break
            except ProcessError:  # somebody else took the port in between
                self._process.stop()
                if attempt == ATTEMPTS:
                    self._folder.close()
                    raise

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/moto-api/data.json", timeout=10) as answer:  # noqa: S310 - loopback
                return bool(answer.status == 200)
        except OSError:
            return False

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a program that shall use this AWS."""
        return {
            "AWS_ENDPOINT_URL": self.address,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def kms_key(self) -> str:
        """Make a KMS key; its ARN."""
        return str(self._client("kms").create_key()["KeyMetadata"]["Arn"])

    def rotate(self, arn: str) -> None:
        """Rotate the material of a key."""
        self._client("kms").rotate_key_on_demand(KeyId=arn)

    def disable(self, arn: str) -> None:
        """Disable a key."""
        self._client("kms").disable_key(KeyId=arn.rpartition("/")[2])

    def role(self, name: str) -> str:
        """Make a role that anybody may take; its ARN."""
        answer = self._client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")
        return str(answer["Role"]["Arn"])

    def _client(self, service: str):  # type: ignore[no-untyped-def]  # boto3 makes classes as it runs
        import boto3

        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.address,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )

    def close(self) -> None:
        """End the server and remove what it left."""
        self._process.stop()
        self._folder.close()

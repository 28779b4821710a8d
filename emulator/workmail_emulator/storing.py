"""Writing files into an S3 that is somewhere else, such as a local AWS."""

from __future__ import annotations

from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from workmail_emulator import api


class StoreError(Exception):
    """When a file cannot be written; its text is what a job shows as its reason."""


class S3:
    """Buckets as WorkMail writes to them.

    Attributes:
        endpoint: URL of the S3 API.
    """

    def __init__(self, endpoint: str, key: str = "") -> None:
        """Make a client.

        Args:
            endpoint: URL of the S3 API.
            key: Access key id; a local AWS without a guard takes any.
        """
        self.endpoint = endpoint
        self._client: Any = api.session().create_client(
            "s3",
            region_name="us-east-1",
            endpoint_url=endpoint,
            aws_access_key_id=key or "emulated",
            aws_secret_access_key="emulated",  # noqa: S106  no local AWS verifies the signature
            config=Config(
                connect_timeout=5,
                read_timeout=30,
                retries={"total_max_attempts": 2},
                s3={"addressing_style": "path"},
            ),
        )

    def put(self, bucket: str, key: str, content: bytes, kms_key_arn: str) -> None:
        """Write one file, encrypted with a customer's key.

        Raises:
            StoreError: S3 refuses, or the bucket is public (WorkMail Admin Guide, "mail-export").
        """
        try:
            if self._is_public(bucket):
                raise StoreError(f"The bucket {bucket} is public.")
            self._client.put_object(
                Bucket=bucket,
                Key=key,
                Body=content,
                ServerSideEncryption="aws:kms",
                SSEKMSKeyId=kms_key_arn,
            )
        except (BotoCoreError, ClientError) as error:
            raise StoreError(f"The bucket {bucket} cannot be written: {error}") from error

    def _is_public(self, bucket: str) -> bool:
        """Ask what WorkMail asks; a bucket without a policy is not public."""
        try:
            answer = self._client.get_bucket_policy_status(Bucket=bucket)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in (
                "NoSuchBucketPolicy",
                "NotImplemented",
            ):
                return False
            raise
        return bool(answer.get("PolicyStatus", {}).get("IsPublic"))

"""S3: collections that are too large for a template."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from workmail_org.errors import PermanentError
from workmail_org.service.failures import translate

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def read_collection(client: S3Client, bucket: str, key: str) -> Mapping[str, Any]:
    """Read the properties of a collection: a JSON object.

    Raises:
        ServiceError: It is not there, or may not be read.
    """
    try:
        body = client.get_object(Bucket=bucket, Key=key)["Body"].read()
    except (ClientError, BotoCoreError) as error:
        failure = translate(error, f"GetObject of s3://{bucket}/{key}")
        if failure.code == "NoSuchKey":
            raise PermanentError(
                f"s3://{bucket}/{key} is gone, in which lies what was too large for the template: "
                "cdk deploy with the spec of that deployment uploads it again",
                operation=failure.operation,
                code=failure.code,
            ) from error
        raise failure from error
    content: Mapping[str, Any] = json.loads(body)
    return content

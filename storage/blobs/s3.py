"""Blobs in a bucket of any S3 server, by boto3.

The hash names the object and is known only at the end, so a content is spooled (in memory while small, then in a file) and
sent from there. Checksums beyond SigV4 are asked for only when required: several S3 servers do not know them.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from storage.blobs.protocol import BLOCK_BYTES, BlobMissing, Digest, Stored
from storage.problems import Unavailable
from storage.settings import Settings

SPOOLED_IN_MEMORY_BYTES = 1_048_576
PART_BYTES = 8_388_608


class S3Blobs:
    """A blob store in *bucket*, reached through a boto3 *client* (thread-safe)."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    @classmethod
    def connected(cls, settings: Settings) -> "S3Blobs":
        """The store that *settings* name."""
        client = boto3.client(
            "s3",
            endpoint_url=settings.s3_endpoint_url or None,
            region_name=settings.s3_region,
            aws_access_key_id=settings.s3_access_key or None,
            aws_secret_access_key=settings.s3_secret_key or None,
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                connect_timeout=5,
                read_timeout=30,
                retries={"total_max_attempts": 3, "mode": "standard"},
                max_pool_connections=32,
            ),
        )
        return cls(client, settings.s3_bucket)

    @contextmanager
    def writer(self) -> Iterator["_Writer"]:
        """A writer that sends its content when it is finished.

        Raises: Unavailable, when the server or the local disk cannot take it.
        """
        try:
            with tempfile.SpooledTemporaryFile(max_size=SPOOLED_IN_MEMORY_BYTES) as spool:
                yield _Writer(self, spool)
        except (OSError, BotoCoreError, ClientError) as error:
            raise Unavailable from error

    def chunks(self, sha256: str) -> Iterator[bytes]:
        """The content in blocks.

        Raises: BlobMissing, Unavailable.
        """
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=_key(sha256))
        except ClientError as error:
            if _is_missing(error):
                raise BlobMissing from None
            raise Unavailable from error
        except BotoCoreError as error:
            raise Unavailable from error
        blocks: Iterator[bytes] = answer["Body"].iter_chunks(BLOCK_BYTES)
        return blocks

    def holds(self, sha256: str) -> bool:
        """Whether the content is there.

        Raises: Unavailable.
        """
        try:
            self._client.head_object(Bucket=self._bucket, Key=_key(sha256))
        except ClientError as error:
            if _is_missing(error):
                return False
            raise Unavailable from error
        except BotoCoreError as error:
            raise Unavailable from error
        return True

    def send(self, file: Any, sha256: str) -> None:
        """Put what *file* holds from its beginning, in parts when it is large."""
        self._client.upload_fileobj(
            file,
            self._bucket,
            _key(sha256),
            Config=TransferConfig(multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES, max_concurrency=2),
        )


def _key(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256}"


def _is_missing(error: ClientError) -> bool:
    return str(error.response.get("Error", {}).get("Code")) in ("404", "NoSuchKey", "NotFound")


class _Writer:
    def __init__(self, blobs: S3Blobs, spool: Any) -> None:
        self._blobs = blobs
        self._spool = spool
        self._digest = Digest()

    def write(self, chunk: bytes) -> None:
        self._digest.update(chunk)
        self._spool.write(chunk)

    def finish(self) -> Stored:
        stored = self._digest.stored()
        if not self._blobs.holds(stored.sha256):
            self._spool.seek(0)
            self._blobs.send(self._spool, stored.sha256)
        return stored

"""Blobs in a bucket of any S3 server, by boto3.

The hash names the object and is known only at the end, so a content is spooled (in memory while small, then in a file of the
data folder that has no name) and sent from there: a content that the bucket holds is not sent again. It goes in one request,
read from the file as it leaves, with its MD5: the object is there whole or not at all, and memory does not grow with it.
Checksums beyond that are asked for only when required: several S3 servers do not know them.
"""

import base64
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from storage.blobs.protocol import BLOCK_BYTES, BlobMissing, Digest, Lying, Stored
from storage.problems import Unavailable
from storage.settings import Settings

SURELY_HELD_SECONDS = 3_600.0
CLOCKS_APART_SECONDS = 1_800.0  # the age of an object is told by the server's clock
_KEY = re.compile(r"([0-9a-f]{2})/(\1[0-9a-f]{62})")


class S3Blobs:
    """A blob store in *bucket*, reached through a boto3 *client* (thread-safe); *spool* is the folder for what must wait."""

    def __init__(self, client: Any, bucket: str, spool: Path, *, memory_bytes: int) -> None:
        self._client = client
        self._bucket = bucket
        self._spool = spool
        self._memory_bytes = memory_bytes
        self.surely_held_seconds = SURELY_HELD_SECONDS

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
        return cls(client, settings.s3_bucket, settings.data_dir / "spool", memory_bytes=settings.upload_memory_bytes)

    @contextmanager
    def writer(self) -> Iterator["_Writer"]:
        """A writer that sends its content when it is finished.

        Raises: Unavailable, when the server or the local disk cannot take it.
        """
        try:
            self._spool.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.SpooledTemporaryFile(max_size=self._memory_bytes, dir=str(self._spool)) as spool:
                yield _Writer(self, spool)
        except (OSError, BotoCoreError, ClientError) as error:
            raise Unavailable from error

    def chunks(self, sha256: str, first: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The content, or its bytes from *first* up to *end*, in blocks.

        Raises: BlobMissing, Unavailable.
        """
        try:
            part = {} if end is None else {"Range": f"bytes={first}-{end - 1}"}
            answer = self._client.get_object(Bucket=self._bucket, Key=_key(sha256), **part)
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

    def lying(self) -> Iterator[Lying]:
        """Every content, in no order.

        Raises: Unavailable.
        """
        try:
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket):
                for told in page.get("Contents", ()):
                    named = _KEY.fullmatch(told["Key"])
                    if named is not None:
                        yield Lying(named[2], told["Size"], told["LastModified"].astimezone(UTC))
        except (BotoCoreError, ClientError) as error:
            raise Unavailable from error

    def remove(self, sha256: str) -> None:
        """Take the content away.

        Raises: Unavailable.
        """
        try:
            self._client.delete_object(Bucket=self._bucket, Key=_key(sha256))
        except (BotoCoreError, ClientError) as error:
            raise Unavailable from error

    def clear_unfinished(self, _before: datetime) -> int:
        """Nothing: an object is sent in one request, and a spool's file has no name and dies with its process."""
        return 0

    def send(self, file: Any, stored: Stored) -> None:
        """Put what *file* holds from its beginning; the server compares the MD5."""
        file.seek(0)
        checked = base64.b64encode(bytes.fromhex(stored.md5)).decode()
        self._client.put_object(
            Bucket=self._bucket, Key=_key(stored.sha256), Body=file, ContentMD5=checked, ContentLength=stored.size_bytes
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
        sha256 = self._digest.sha256
        known = self._blobs.holds(sha256)
        finished = time.monotonic()

        def held() -> bool:
            since = time.monotonic() - finished
            fresh = not known and since + CLOCKS_APART_SECONDS < self._blobs.surely_held_seconds
            return fresh or self._blobs.holds(sha256)

        stored = self._digest.stored(held)
        if not known:
            self._blobs.send(self._spool, stored)
        return stored

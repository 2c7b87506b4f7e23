"""Attachments and workbooks, named by the SHA-256 of their content.

The same bytes sent twice are stored once. A store is written to in a stream of chunks and read in a stream of chunks, so
memory does not grow with a file's size. Bytes are durable when `finish` returns, and rows that refer to them come
after: a crash between the two leaves an orphan, which a sweep removes.
"""

from storage.blobs.disk import DiskBlobs
from storage.blobs.protocol import BLOCK_BYTES, BlobMissing, Blobs, BlobWriter, Lying, Stored
from storage.blobs.rows import forget, known, let_go, remember, remember_all, take_orphan
from storage.blobs.s3 import S3Blobs
from storage.settings import Settings

__all__ = [
    "BLOCK_BYTES",
    "BlobMissing",
    "BlobWriter",
    "Blobs",
    "DiskBlobs",
    "Lying",
    "S3Blobs",
    "Stored",
    "forget",
    "known",
    "let_go",
    "of",
    "remember",
    "remember_all",
    "take_orphan",
]


def of(settings: Settings) -> Blobs:
    """The store that *settings* name."""
    if settings.blob_store == "s3":
        return S3Blobs.connected(settings)
    return DiskBlobs(settings.data_dir / "blobs")

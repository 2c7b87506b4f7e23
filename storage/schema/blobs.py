"""What lies in blob storage: one row for each content, named by its SHA-256.

A row is written in the unit that first refers to the content, after the bytes are durable; a crash between the two leaves
an orphan file and never a row without its bytes.
"""

from sqlalchemy import BigInteger, Column, Table

from storage.schema.base import metadata, moment, text

blob = Table(
    "blob",
    metadata,
    text("sha256", primary_key=True),
    text("md5"),
    Column("size_bytes", BigInteger, nullable=False),
    moment("created_at"),
)

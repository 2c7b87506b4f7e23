"""What an operator may set: one frozen dataclass, read once from `SIRABA_*` variables.

Every field has a default, its unit in its name and a sentence of help; the README's table is made from it. Unknown names
and bad values stop the start with the whole list, since a typing error in a security setting must not pass in silence.
Secrets may come from files: `SIRABA_S3_SECRET_KEY_FILE=/run/secrets/s3`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any


class BadSettings(Exception):
    """The environment holds settings that cannot be used; its text lists them all."""


def setting(default: Any, help: str) -> Any:
    """A field with its default and the sentence that the README prints."""
    return field(default=default, metadata={"help": help})


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one server, worker or command."""

    data_dir: Path = setting(Path("data"), "Folder of the embedded database, of attachments on disk and of spooled uploads.")
    database_url: str = setting(
        "",
        "SQLAlchemy address of the database; empty: SQLite in the data folder. `postgresql+psycopg://user@host/name`.",
    )
    public_url: str = setting(
        "", "Address under which tablets and browsers reach the server; every URL handed to a client is built from it."
    )
    host: str = setting("127.0.0.1", "Address to listen on.")
    port: int = setting(8080, "Port to listen on.")
    web_processes: int = setting(2, "Processes that answer requests.")
    web_threads: int = setting(8, "Threads in each of these processes.")
    web_upload_threads: int = setting(
        32, "Further threads in each of these processes, for bodies over 64 kB: slow uploads keep nobody else waiting."
    )
    least_bytes_per_second: int = setting(
        200, "Pace that a request must keep over its whole length, or it is ended with 408 when patience is over."
    )
    patience_seconds: float = setting(60.0, "How long a request may be silent, or be behind the pace that it must keep.")
    behind_proxy: bool = setting(
        False,
        "Whether a trusted proxy sets X-Forwarded-For and X-Forwarded-Proto; otherwise these headers are ignored.",
    )
    blob_store: str = setting("disk", "Where attachments go: `disk` or `s3`.")
    s3_endpoint_url: str = setting("", "Address of the S3 server; empty: Amazon's.")
    s3_bucket: str = setting("", "Bucket for attachments.")
    s3_region: str = setting("us-east-1", "Region of the bucket.")
    s3_access_key: str = setting("", "Access key of the S3 server.")
    s3_secret_key: str = setting("", "Secret key of the S3 server.")
    upload_limit_bytes: int = setting(2_147_483_648, "Largest request body that is taken.")
    upload_memory_bytes: int = setting(
        1_048_576, "How much of a file is held in memory on its way to S3; the rest waits on disk. On disk it goes straight."
    )
    resumable_upload_hours: int = setting(168, "Time in which an upload that is sent in pieces must be finished.")
    sweep_after_hours: int = setting(24, "Age at which what a crash left of uploads is swept away; every six hours.")
    xml_limit_bytes: int = setting(16_777_216, "Largest submission XML that is taken.")
    quarantine_limit_payloads: int = setting(
        1_000, "Refused payloads that are kept for each sender in a project; of more no copy is kept, and the page says so."
    )
    quarantine_limit_bytes: int = setting(
        1_073_741_824, "The same in bytes, files counted; a payload that begins below the limit is kept whole."
    )
    workbook_limit_bytes: int = setting(20_971_520, "Largest spreadsheet that is compiled.")
    accept_content_length_bytes: int = setting(
        100_000_000, "Size that Collect is told to keep each request of a submission under."
    )
    digest_key: str = setting(
        "",
        "Key, 32 characters or more, that turns on Digest sign-in for Collect where there is no TLS; better to have TLS.",
    )
    session_hours: int = setting(24, "Hours after which a signed-in session ends.")
    worker_poll_seconds: float = setting(0.2, "Pause of the worker when there is nothing to do.")
    default_language: str = setting("fr", "Language of pages for a browser that asks for neither: `fr` or `en`.")
    time_zone: str = setting("Africa/Bamako", "Zone in which pages show times and reports cut days.")

    @property
    def database(self) -> str:
        """The database's address, the embedded one when none is set."""
        return self.database_url or f"sqlite:///{self.data_dir / 'siraba.db'}"

    @property
    def site_url(self) -> str:
        """The public address without trailing slash."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def uploads_dir(self) -> Path:
        """Where resumable uploads grow; with several machines, a folder that they share."""
        return self.data_dir / "uploads"


PREFIX = "SIRABA_"
DIGEST_KEY_CHARACTERS_LEAST = 32
SECRETS = frozenset({"s3_secret_key", "database_url", "digest_key"})


def read(environment: Mapping[str, str]) -> Settings:
    """The settings in *environment*.

    Raises: BadSettings, naming every unknown name and bad value at once, never a value.
    """
    kinds = {known.name: known.type for known in fields(Settings)}
    wrong: list[str] = []
    found: dict[str, Any] = {}
    for variable, value in environment.items():
        if not variable.startswith(PREFIX):
            continue
        name = variable.removeprefix(PREFIX).lower()
        try:
            if name.removesuffix("_file") in SECRETS and name.endswith("_file"):
                name, value = name.removesuffix("_file"), Path(value).read_text(encoding="utf-8").strip()
            if name not in kinds:
                wrong.append(f"{variable}: there is no such setting")
                continue
            found[name] = _typed(kinds[name], value)
        except (ValueError, OSError) as reason:
            wrong.append(f"{variable}: {type(reason).__name__}, expected {getattr(kinds.get(name), '__name__', 'text')}")
    settings = Settings(**found)
    wrong += _contradictions(settings)
    if wrong:
        raise BadSettings("\n".join(wrong))
    return settings


def _typed(kind: Any, text: str) -> Any:
    if kind is bool:
        if text.lower() not in ("true", "false", "yes", "no", "1", "0"):
            raise ValueError
        return text.lower() in ("true", "yes", "1")
    return kind(text)


def _contradictions(settings: Settings) -> list[str]:
    wrong = []
    if settings.blob_store not in ("disk", "s3"):
        wrong.append("SIRABA_BLOB_STORE: expected disk or s3")
    if settings.blob_store == "s3" and not settings.s3_bucket:
        wrong.append("SIRABA_S3_BUCKET: needed when attachments go to S3")
    for name in ("web_processes", "web_threads", "web_upload_threads", "least_bytes_per_second"):
        if getattr(settings, name) < 1:
            wrong.append(f"{PREFIX}{name.upper()}: expected at least 1")
    if settings.patience_seconds <= 0:
        wrong.append("SIRABA_PATIENCE_SECONDS: expected more than 0")
    if settings.sweep_after_hours < 1:
        wrong.append("SIRABA_SWEEP_AFTER_HOURS: expected at least 1")
    if settings.default_language not in ("fr", "en"):
        wrong.append("SIRABA_DEFAULT_LANGUAGE: expected fr or en")
    if settings.digest_key and len(settings.digest_key) < DIGEST_KEY_CHARACTERS_LEAST:
        wrong.append(f"SIRABA_DIGEST_KEY: expected {DIGEST_KEY_CHARACTERS_LEAST} characters or more")
    if settings.public_url and not settings.public_url.startswith(("http://", "https://")):
        wrong.append("SIRABA_PUBLIC_URL: expected an address that begins with http:// or https://")
    return wrong


def table() -> str:
    """The README's table of settings, in Markdown."""
    rows = ["| setting | default | what it is |", "|---|---|---|"]
    rows += [
        f"| `{PREFIX}{known.name.upper()}` | {f'`{known.default}`' if known.default != '' else ''} | {known.metadata['help']} |"
        for known in fields(Settings)
    ]
    return "\n".join(rows)

"""Everything that can be chosen, in one place: environment variables with the prefix ``MOODSTREAM_``."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "moodstream"


class Settings(BaseSettings):
    """Options of all services; each reads only what it needs."""

    model_config = SettingsConfigDict(env_prefix="MOODSTREAM_", frozen=True, extra="ignore", env_ignore_empty=True)

    redis_url: str = Field("redis://127.0.0.1:6379/0", pattern=r"^(rediss?|unix)://", description="Broker and results.")
    recorded_redis_url: str = Field(
        "", pattern=r"^((rediss?|unix)://.*)?$", description="The same for recorded work; empty: the next database."
    )
    recorded_visibility_s: int = Field(
        20, ge=2, le=600, description="Seconds after which recorded work that a worker took along is given to another."
    )
    recorded_patience_s: int = Field(
        600, ge=10, le=86_400, description="Seconds for which a recorded frame waits for Redis and workers."
    )
    detector_host: str = Field("127.0.0.1", description="Address on which the detector service listens.")
    detector_port: int = Field(8000, ge=1, le=65535, description="Port on which the detector service listens.")
    detector_url: str = Field("", description="Where others reach the detector; empty: its host and port.")
    page_host: str = Field("127.0.0.1", description="Address on which the page listens.")
    page_port: int = Field(7860, ge=1, le=65535, description="Port on which the page listens.")
    secret: SecretStr = Field(SecretStr(""), description="Signs the page's socket tokens; the same on all replicas.")
    auth: SecretStr = Field(
        SecretStr(""), description="Who may open the page: name:password, several separated by commas; empty: everyone."
    )
    detector: Literal["mediapipe", "haar"] = Field("mediapipe", description="Face detector.")
    detector_threads: int = Field(1, ge=1, le=64, description="Frames that one detector process searches at a time.")
    min_score: float = Field(0.65, gt=0, lt=1, description="Detector score below which nothing is a face.")
    model: str = Field("default", description="Classifier: a name in classifier_service/models, or a path to a file.")
    workers: int = Field(2, ge=1, le=256, description="Classifier workers that `moodstream up` starts.")
    deadline_ms: int = Field(1000, ge=50, le=60_000, description="Age at which a live frame is answered as stale.")
    message_faces: int = Field(
        32, ge=1, le=256, description="Faces of a live frame in one message; more go to several workers at once."
    )
    gather_ms: float = Field(
        5.0,
        ge=0,
        le=100,
        description="Milliseconds that frames with few faces may wait to share a message while answers are slow.",
    )
    result_expires_s: int = Field(30, ge=5, le=3600, description="Seconds for which Redis keeps an unread live result.")
    max_body_bytes: int = Field(10_000_000, ge=10_000, description="Largest picture file that is accepted, in bytes.")
    max_pixels: int = Field(25_000_000, ge=10_000, description="Largest picture that is decoded, in pixels.")
    max_upload_bytes: int = Field(
        500_000_000,
        ge=10_000,
        description="Largest file that the page accepts, in bytes, such as a video.",
    )
    max_video_s: float = Field(3600.0, gt=0, description="Longest video that the page reads, in seconds.")
    max_in_flight: int = Field(16, ge=1, description="Frames under way in one detector process before it refuses.")
    rebalance: bool = Field(
        False, description="on: where frames wait, streams are asked to connect again; for replicas behind one address."
    )
    individual: bool = Field(True, description="off: nobody gets readings of single faces, only the group's.")
    group_min: int = Field(5, ge=2, le=1000, description="Faces from which on the group's shares are told.")
    allowed_hosts: str = Field(
        "", description="Names by which this machine is called, with commas; * for any. Empty: see moodstream/hosts.py."
    )
    cache: Path = Field(default_factory=_cache, description="Folder for the detector's fetched model files.")
    metrics_host: str = Field(
        "127.0.0.1", description="Address for a worker's health and metrics, and the page's metrics."
    )
    metrics_port: int = Field(
        0, ge=0, le=65534, description="Port of those; 0: none. The detector has its own /metrics."
    )
    log: Literal["text", "json"] = Field("text", description="Log lines for people, or one JSON object a line.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="How much the logs say.")

    @field_validator("auth")
    @classmethod
    def _names_and_passwords(cls, value: SecretStr) -> SecretStr:
        for entry in filter(None, (part.strip() for part in value.get_secret_value().split(","))):
            name, _, password = entry.partition(":")
            if not (name.strip() and password.strip()):
                raise ValueError("every entry must be name:password, and entries are separated by commas")
        return value

    @property
    def users(self) -> dict[str, str]:
        """Password by name of those who may open the page; empty: everyone may."""
        entries = filter(None, (part.strip() for part in self.auth.get_secret_value().split(",")))
        return {name.strip(): password.strip() for name, _, password in (entry.partition(":") for entry in entries)}

    @property
    def detector_address(self) -> str:
        """Base URL of the detector service, without a slash at its end."""
        return (self.detector_url or f"http://{self.detector_host}:{self.detector_port}").rstrip("/")

    @property
    def recorded_redis(self) -> str:
        """Broker and results of recorded work."""
        return self.recorded_redis_url or next_database(self.redis_url)


def next_database(url: str) -> str:
    """The URL of the database after the one that ``url`` names, on the same server.

    Recorded work must not share a database with live work: kombu keeps the messages that are not acknowledged in one
    key a database, whatever their queue.
    """
    parts = urlsplit(url)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if parts.scheme == "unix" or "db" in query:
        query["db"] = str(int(query.get("db", 0)) + 1)
        return urlunsplit(parts._replace(query=urlencode(query)))
    return urlunsplit(parts._replace(path=f"/{int(parts.path.strip('/') or 0) + 1}"))


@lru_cache
def settings() -> Settings:
    """The settings of this process, read once.

    Raises:
        SystemExit: a value is bad; the message is one line that names the variable, the value and what is allowed.
    """
    try:
        return Settings()  # type: ignore[call-arg]  # pydantic fills the fields from the environment
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0])
        secret = Settings.model_fields[field].annotation is SecretStr
        given = "(not shown)" if secret else repr(first["input"])
        raise SystemExit(f"MOODSTREAM_{field.upper()}={given} is not usable: {first['msg']}") from None

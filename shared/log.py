"""Logging: one JSON line an event, ``noun.verb`` with identifiers and codes.

Field names are an allow-list: a field that is not on it is dropped and counted, so that a name or an address cannot reach a log by
accident (design rule 7.1). Values longer than an identifier are cut.
"""

import json
import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

FIELDS = frozenset(
    {
        "event", "level", "timestamp", "logger", "service", "loop", "fact_id", "facts", "type", "attempts", "error", "place", "confirmed",
        "incident_id", "incident_version", "child_id", "children", "notification_id", "attempt_id", "destination_id", "review_id",
        "phone_task_id", "contact_id", "rung", "channel", "result", "reason", "rule", "count", "rows", "refused", "seconds", "milliseconds",
        "method", "route", "status", "error_id", "role", "policy_version", "key_id", "force", "authority", "state", "queue", "kind",
        "services", "migration", "file_id", "roll_id", "session_id", "team_id", "version", "port", "mode",
    }
)  # fmt: skip
LONGEST = 160


def logger(name: str) -> Any:
    """A logger for one module; cheap, and configured by ``start``."""
    return structlog.stdlib.get_logger(name)


def start(*, level: str = "INFO") -> None:
    """Send every event, ours and the libraries', to standard error as JSON lines."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            allowed,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Libraries())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    logging.captureWarnings(capture=True)  # a warning quotes what it warns of
    logging.raiseExceptions = False  # a line that cannot be written is not printed raw instead
    for quiet in ("uvicorn.access", "aiormq", "aio_pika", "sqlalchemy", "httpx", "httpcore", "aiosqlite", "asyncio", "alembic"):
        logging.getLogger(quiet).setLevel("ERROR")
    logging.getLogger("uvicorn.error").setLevel("WARNING")  # what it says of starting and stopping, ours say in words
    logging.getLogger("uvicorn.access").disabled = True


def allowed(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Keep the allowed fields; say how many others were dropped."""
    kept = {name: _short(value) for name, value in event.items() if name in FIELDS}
    if dropped := len(event) - len(kept):
        kept["refused"] = dropped
    return kept


def _short(value: Any) -> Any:
    return value if isinstance(value, int | float | bool | None) else str(value)[:LONGEST]


class _Libraries(logging.Formatter):
    """A library's line: ours pass through; others give logger, level and the error's class, never their text or a traceback with values.

    A library's message is not even put together: when that failed, Python would print its arguments.
    """

    def format(self, record: logging.LogRecord) -> str:
        if record.name.startswith(("shared.", "services.")) and isinstance(record.msg, str) and record.msg.startswith("{"):
            return record.msg
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else "-"
        return json.dumps({"event": "library.said", "logger": record.name, "level": record.levelname.lower(), "error": error})

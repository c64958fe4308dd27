"""The reference: the same job as FastAPI, Celery and SQLAlchemy do it by the book, in one file.

``POST /v1/incidents`` validates a report, stores it with one row for each child and hands its id to a queue; a task finds the child's
setting by its number and another sends one e-mail. Durable as the books say: late acknowledgements, publisher confirms, a commit before
the answer. It seals nothing, keeps no journal, has no outbox (a crash between its commit and its message loses the message), no
escalation and no answer page. Kept as plain as its users would write it, so that the ratio says what Encompass adds and saves.
"""

import os
import smtplib
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime
from email.message import EmailMessage

from celery import Celery
from fastapi import Depends, FastAPI
from pydantic import BaseModel
from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, sessionmaker

engine = create_engine(os.environ["REFERENCE_DATABASE_URL"], pool_size=20)
Sessions = sessionmaker(engine, expire_on_commit=False)
app = FastAPI()
queue = Celery("reference", broker=os.environ["REFERENCE_BROKER_URL"])
queue.conf.update(
    task_acks_late=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=4,
    broker_transport_options={"confirm_publish": True},
    broker_connection_retry_on_startup=True,
)


class Base(DeclarativeBase):
    """The tables of the reference."""


class Incident(Base):
    __tablename__ = "incident"
    id: Mapped[str] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(unique=True)
    body: Mapped[str]
    received_at: Mapped[datetime]
    children: Mapped[list["Child"]] = relationship(back_populates="incident")


class Child(Base):
    __tablename__ = "child"
    id: Mapped[str] = mapped_column(primary_key=True)
    incident_id: Mapped[str] = mapped_column(ForeignKey("incident.id"), index=True)
    upn: Mapped[str]
    born: Mapped[date]
    setting_id: Mapped[str | None]
    incident: Mapped[Incident] = relationship(back_populates="children")


class Pupil(Base):
    __tablename__ = "pupil"
    upn: Mapped[str] = mapped_column(primary_key=True)
    setting_id: Mapped[str]


class Message(Base):
    __tablename__ = "message"
    id: Mapped[str] = mapped_column(primary_key=True)
    child_id: Mapped[str] = mapped_column(ForeignKey("child.id"), index=True)
    sent_at: Mapped[datetime | None]


class ChildBody(BaseModel):
    """One child as it is sent."""

    reference: str
    upn: str
    date_of_birth: date


class IncidentBody(BaseModel):
    """A report as it is sent; what it does not need it ignores."""

    reference: str
    children: list[ChildBody]


def session() -> Iterator[Session]:
    """A session for one request."""
    with Sessions() as opened:
        yield opened


@app.get("/readyz")
def ready() -> dict[str, str]:
    """For whoever starts it."""
    return {"status": "ok"}


@app.post("/v1/incidents", status_code=202)
def post_incident(body: IncidentBody, db: Session = Depends(session)) -> dict[str, str]:
    """Store the report, then queue it."""
    incident = Incident(id=str(uuid.uuid4()), reference=body.reference, body=body.model_dump_json(), received_at=datetime.now(UTC))
    incident.children = [Child(id=str(uuid.uuid4()), upn=one.upn, born=one.date_of_birth) for one in body.children]
    db.add(incident)
    db.commit()
    route.delay(incident.id)
    return {"incident_id": incident.id}


@queue.task
def route(incident_id: str) -> None:
    """Find each child's setting."""
    with Sessions() as db:
        for child in db.scalars(select(Child).where(Child.incident_id == incident_id)):
            pupil = db.get(Pupil, child.upn)
            child.setting_id = pupil.setting_id if pupil else None
            message = Message(id=str(uuid.uuid4()), child_id=child.id)
            db.add(message)
            db.commit()
            notify.delay(message.id)


@queue.task
def notify(message_id: str) -> None:
    """Send one e-mail."""
    with Sessions() as db:
        message = db.get_one(Message, message_id)
        child = db.get_one(Child, message.child_id)
        mail = EmailMessage()
        mail["Subject"] = "A message for your setting"
        mail["From"], mail["To"] = "messages@notify.example.com", f"dsl@{child.setting_id}.example.com"
        mail.set_content(f"Please read it.\n\nhttps://notify.example.com/m/{message.id}\n")
        with smtplib.SMTP("127.0.0.1", int(os.environ["REFERENCE_SMTP_PORT"])) as server:
            server.send_message(mail)
        message.sent_at = datetime.now(UTC)
        db.commit()

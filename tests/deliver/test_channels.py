"""Notices by mail and by webhook: what is sent, signed and said of what becomes of it."""

from __future__ import annotations

import hmac
import json
import smtplib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from hashlib import sha256
from typing import Any

import pytest
import requests
from requests.adapters import BaseAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import MaxRetryError, NewConnectionError

from connector.channels import open_channels
from connector.channels.port import Channel
from connector.config import NotifyConfig
from connector.errors import AccordError
from connector.model.effect import Effect, Output
from connector.platforms.port import Guard, Outcome
from connector.world import World
from tests.deliver.desk import START, Clock, effect

NOTICE = effect(
    Output.NOTIFY,
    "a" * 64,
    recipients=["assignee", "ann@acme.example"],
    subject="INC1:\r\nBcc: eve@evil.example",
    text="75 % used",
)


class People:
    """A platform that knows one address."""

    def addresses(self, words: Sequence[str], ticket: object) -> Mapping[str, str]:
        return {word: "beth@acme.example" for word in words if word == "assignee"}


@dataclass
class Server:
    """A mail server that says what it is told to say."""

    failure: Exception | None = None
    taken: list[EmailMessage] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    def starttls(self, **_: Any) -> None:
        self.calls.append("starttls")

    def login(self, user: str, password: str) -> None:
        self.calls.append(f"login {user} {password}")

    def send_message(self, message: EmailMessage) -> dict[str, tuple[int, bytes]]:
        if self.failure is not None:
            raise self.failure
        self.taken.append(message)
        return {}

    def quit(self) -> None:
        self.calls.append("quit")


def mail_by(server: Server | Exception, **settings: str) -> Channel:
    def connect(_host: str, _port: int, _tls: bool) -> Any:
        if isinstance(server, Exception):
            raise server
        return server

    world = replace(Clock().world(), mail=connect)
    given = {"host": "mail.acme.example", "from": "Accord <accord@acme.example>", **settings}
    return open_channels(NotifyConfig("smtp", given), People(), world)["smtp"]  # type: ignore[arg-type]


def send(channel: Channel, notice: Effect = NOTICE) -> Any:
    (request,) = channel.compose([notice], {})
    assert request.guard is Guard.ONCE
    (answer,) = channel.send([json_round_trip(request)])
    return answer


def json_round_trip(request: Any) -> Any:
    """As the store keeps it."""
    return replace(request, body=json.loads(json.dumps(request.body)))


def test_a_mail_goes_to_everybody_whose_address_is_known() -> None:
    server = Server()
    assert send(mail_by(server, user="accord", password="secret")).outcome is Outcome.DONE
    (message,) = server.taken
    assert message["To"] == "beth@acme.example, ann@acme.example"
    assert message["Message-ID"] == f"<{'a' * 64}@acme.example>"
    assert message.get_content().strip() == "75 % used"
    assert server.calls == ["starttls", "login accord secret", "quit"]


def test_a_title_cannot_add_headers_to_a_mail() -> None:
    server = Server()
    send(mail_by(server))
    (message,) = server.taken
    assert message["Bcc"] is None
    assert message["Subject"] == "INC1: Bcc: eve@evil.example"


def test_a_notice_for_nobody_with_an_address_is_told() -> None:
    nobody = replace(NOTICE, payload={**NOTICE.payload, "recipients": ["requester"]})
    with pytest.raises(AccordError, match="no mail address is known of requester"):
        mail_by(Server()).compose([nobody], {})


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (smtplib.SMTPServerDisconnected("gone"), Outcome.UNSURE),
        (TimeoutError("timed out"), Outcome.UNSURE),
        (smtplib.SMTPDataError(451, b"try later"), Outcome.AGAIN),
        (smtplib.SMTPDataError(554, b"looks like spam"), Outcome.REFUSED),
        (smtplib.SMTPRecipientsRefused({"x": (550, b"unknown")}), Outcome.REFUSED),
        (smtplib.SMTPRecipientsRefused({"x": (450, b"greylisted")}), Outcome.AGAIN),
    ],
)
def test_what_becomes_of_a_mail_is_told_by_the_server_or_not_at_all(
    failure: Exception, outcome: Outcome
) -> None:
    assert send(mail_by(Server(failure))).outcome is outcome


def test_a_mail_server_that_is_not_there_has_taken_nothing() -> None:
    assert send(mail_by(ConnectionRefusedError("refused"))).outcome is Outcome.AGAIN


class Receiver(BaseAdapter):
    """A web address that answers as it is told to."""

    def __init__(self, answer: int | Exception) -> None:
        super().__init__()
        self.answer = answer
        self.heard: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        self.heard.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        response = requests.Response()
        response.status_code, response.request = self.answer, request
        response.headers["Location"] = "https://elsewhere.example/"
        response._content = b""
        return response

    def close(self) -> None:
        pass


def webhook_to(receiver: Receiver, **settings: str) -> Channel:
    world: World = replace(Clock().world(), adapter=lambda _: receiver)
    given = {"url": "https://hooks.acme.example/accord", **settings}
    return open_channels(NotifyConfig("webhook", given), People(), world)["webhook"]  # type: ignore[arg-type]


def test_a_webhook_is_signed_over_its_time_and_body() -> None:
    receiver = Receiver(204)
    assert send(webhook_to(receiver, secret="shared")).outcome is Outcome.DONE
    (request,) = receiver.heard
    body = request.body if isinstance(request.body, bytes) else b""
    timestamp = str(START // 1000)
    wanted = hmac.new(b"shared", f"{timestamp}.".encode() + body, sha256).hexdigest()
    assert request.headers["X-Accord-Signature"] == f"sha256={wanted}"
    assert request.headers["X-Accord-Timestamp"] == timestamp
    assert request.headers["Idempotency-Key"] == "a" * 64
    assert json.loads(body)["ticket"] == {"kind": "incident", "id": "t1", "key": "T1"}


def unreachable() -> Exception:
    refused = NewConnectionError(HTTPConnection("hooks"), "refused")
    return requests.ConnectionError(MaxRetryError(HTTPConnectionPool("hooks"), "/", refused))


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (200, Outcome.DONE),
        (302, Outcome.REFUSED),
        (404, Outcome.REFUSED),
        (429, Outcome.AGAIN),
        (500, Outcome.UNSURE),
        (503, Outcome.UNSURE),
        (requests.ReadTimeout("no answer"), Outcome.UNSURE),
        (unreachable(), Outcome.AGAIN),
    ],
)
def test_what_becomes_of_a_webhook(answer: int | Exception, outcome: Outcome) -> None:
    receiver = Receiver(answer)
    assert send(webhook_to(receiver)).outcome is outcome
    assert len(receiver.heard) == 1


def test_a_channel_that_nobody_provides_is_an_error() -> None:
    with pytest.raises(AccordError, match="there is no channel 'pigeon'"):
        open_channels(NotifyConfig("pigeon", {}), People(), Clock().world())  # type: ignore[arg-type]

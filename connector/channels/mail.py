"""Notices by mail. A mail server keeps nothing that could be looked up, so each goes at most once."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime

from connector.channels.together import Message, messages
from connector.errors import AccordError
from connector.model.cycle import TicketId
from connector.model.effect import Effect
from connector.model.instant import to_datetime
from connector.platforms.port import Answer, Guard, Outcome, Request
from connector.world import World

# The mail addresses of people, by the words that name them on a ticket; those of nobody known are left out.
Addresses = Callable[[Sequence[str], TicketId | None], Mapping[str, str]]

STARTTLS, TLS, PLAIN = "starttls", "tls", "none"
PORTS = {STARTTLS: 587, TLS: 465, PLAIN: 25}


@dataclass(frozen=True, slots=True)
class Server:
    """The mail server to hand mail to. *tls*: `starttls`, `tls` (from the first byte) or `none`."""

    host: str
    sender: str
    port: int
    tls: str = STARTTLS
    user: str | None = None
    password: str | None = None


@dataclass(frozen=True, slots=True)
class Mail:
    """The channel `smtp`."""

    server: Server
    world: World
    addresses: Addresses
    at_once: int = 10  # on one connection

    def compose(self, effects: Sequence[Effect], remote: Mapping[str, str]) -> Sequence[Request]:
        """One mail for each notice, and for all of a digest. AccordError where no address is known of anybody
        it is for."""
        del remote
        return [self._mail(message) for message in messages((self._to(one), one) for one in effects)]

    def find(self, requests: Sequence[Request]) -> Sequence[str | None]:
        """Nothing can be looked up."""
        return [None] * len(requests)

    def look_ahead(self, requests: Sequence[Request]) -> None:
        """There is nothing to know."""

    def send(self, requests: Sequence[Request]) -> Sequence[Answer]:
        """Hand the mails over, all on one connection."""
        try:
            connection = self._connect()
        except (OSError, smtplib.SMTPException) as failure:
            return [_unsent(failure)] * len(requests)
        answers: list[Answer] = []
        for request in requests:
            is_lost = bool(answers) and answers[-1].outcome is not Outcome.DONE and not _is_open(connection)
            answers.append(LOST if is_lost else self._hand_over(connection, request))
        with suppress(OSError, smtplib.SMTPException):
            connection.quit()
        return answers

    def _to(self, effect: Effect) -> tuple[str, ...]:
        """The addresses of whom a notice is for."""
        words = [str(word) for word in effect.payload["recipients"]]
        known = self.addresses([word for word in words if "@" not in word], effect.ticket)
        to = [word if "@" in word else known[word] for word in words if "@" in word or word in known]
        if not to:
            raise AccordError(
                f"no mail address is known of {', '.join(words)}",
                hint="give the stakeholder one (`contact: {smtp: …}`)",
            )
        return tuple(to)

    def _mail(self, message: Message) -> Request:
        body = {"to": list(message.to), "subject": message.subject, "text": message.text}
        what = f"mail to {', '.join(message.to)}"
        return Request(message.keys, Guard.ONCE, "MAIL", self.server.host, body, what)

    def _connect(self) -> smtplib.SMTP:
        server = self.server
        connection = self.world.mail(server.host, server.port, server.tls == TLS)
        if server.tls == STARTTLS:
            connection.starttls(context=ssl.create_default_context())
        if server.user is not None:
            connection.login(server.user, server.password or "")
        return connection

    def _hand_over(self, connection: smtplib.SMTP, request: Request) -> Answer:
        try:
            refused = connection.send_message(self._message(request))
        except (smtplib.SMTPException, OSError) as failure:
            return _judged(failure)
        words = f"refused for {', '.join(sorted(refused))}" if refused else ""
        return Answer(Outcome.DONE, words=words)

    def _message(self, request: Request) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self.server.sender
        message["To"] = ", ".join(request.body["to"])
        message["Subject"] = " ".join(str(request.body["subject"]).split())
        message["Date"] = format_datetime(to_datetime(self.world.now()))
        domain = self.server.sender.rpartition("@")[2].rstrip(">") or "localhost"
        message["Message-ID"] = f"<{request.effects[0]}@{domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(str(request.body["text"]))
        return message


# What comes after a mail on which the connection broke: nothing of it was sent.
LOST = Answer(Outcome.AGAIN, words="the connection to the mail server was lost before", wait_ms=60_000)


def _is_open(connection: smtplib.SMTP) -> bool:
    return getattr(connection, "sock", connection) is not None


def _unsent(failure: Exception) -> Answer:
    """No mail was handed over: the server was not there, or did not let us in."""
    if isinstance(failure, smtplib.SMTPAuthenticationError):
        return Answer(Outcome.REFUSED, words=f"the mail server refused the login: {_words(failure)}")
    return Answer(Outcome.AGAIN, words=f"the mail server was not reached: {failure}", wait_ms=60_000)


def _judged(failure: Exception) -> Answer:
    """What an error while handing over a mail means. A server's word is an answer, a lost connection is
    none."""
    if isinstance(failure, smtplib.SMTPRecipientsRefused):
        return _by_code([code for code, _ in failure.recipients.values()], str(failure.recipients))
    if isinstance(failure, smtplib.SMTPResponseException):
        return _by_code([failure.smtp_code], _words(failure))
    return Answer(Outcome.UNSURE, words=f"the connection was lost: {failure}")


def _by_code(codes: Sequence[int], words: str) -> Answer:
    """4xx says to come again later, 5xx that it is no use (RFC 5321 §4.2.1)."""
    passing = all(400 <= code < 500 for code in codes)
    return Answer(
        Outcome.AGAIN if passing else Outcome.REFUSED, words=words, wait_ms=300_000 if passing else 0
    )


def _words(failure: smtplib.SMTPResponseException) -> str:
    said = failure.smtp_error
    return f"{failure.smtp_code} {said.decode('utf-8', 'replace') if isinstance(said, bytes) else said}"

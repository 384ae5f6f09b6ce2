"""Mails to admins: through SMTP_URL, or, without one, into a folder of the data dir that its operator can read.

SMTP_URL: smtp://user:password@host:587/?from=shop@example.com (STARTTLS where offered), or smtps://… for TLS from the
start. A password is sent over TLS only.
"""

import asyncio
import os
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from time import time_ns
from urllib.parse import parse_qs, unquote, urlsplit

from recomengine.settings import SettingsError

TIMEOUT_S = 20.0
RESET_TEXT = """Somebody, probably you, asked for a new password for your RecomEngine account.

Within an hour, open this page to choose one:

{link}

If it was not you, nothing needs to be done: your password stays as it is.
"""
INVITATION_TEXT = """{inviter} invites you to {tenant} on RecomEngine, as {role}.

Within seven days, open this page to accept:

{link}

Sign in there with the account of this address, or make one first. If you do not know the sender, nothing needs to be
done.
"""


class Mailer:
    def __init__(self, smtp_url: str, outbox: Path) -> None:
        url = urlsplit(smtp_url)
        if smtp_url and (url.scheme not in ("smtp", "smtps") or not url.hostname):
            raise SettingsError(
                "SMTP_URL is no address of a mail server. Expected smtp://user:password@host:587 or smtps://…"
            )
        self._smtp_url = smtp_url
        self._outbox = outbox

    async def send(self, to: str, subject: str, text: str) -> None:
        """Raises OSError or smtplib.SMTPException when it cannot be sent."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._sender(), to, subject
        message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain="recomengine.invalid")
        message.set_content(text)
        await asyncio.to_thread(self._deliver if self._smtp_url else self._keep, message)

    def _sender(self) -> str:
        url = urlsplit(self._smtp_url)
        return parse_qs(url.query).get("from", [f"recomengine@{url.hostname or 'localhost'}"])[0]

    def check(self) -> None:
        """Sign in at the mail server and send nothing; blocking. Raises OSError or smtplib.SMTPException."""
        with self._session() as smtp:
            smtp.noop()

    def _deliver(self, message: EmailMessage) -> None:
        with self._session() as smtp:
            smtp.send_message(message)

    @contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        url = urlsplit(self._smtp_url)
        secure, context = url.scheme == "smtps", ssl.create_default_context()
        port = url.port or (465 if secure else 587)
        with (
            smtplib.SMTP_SSL(url.hostname or "", port, timeout=TIMEOUT_S, context=context)
            if secure else smtplib.SMTP(url.hostname or "", port, timeout=TIMEOUT_S)
        ) as smtp:  # fmt: skip
            smtp.ehlo()
            if not secure and smtp.has_extn("starttls"):
                smtp.starttls(context=context)
                smtp.ehlo()
                secure = True
            if url.username and not secure:
                raise smtplib.SMTPNotSupportedError("the server offers no TLS, and a password must not be sent without")
            if url.username:
                smtp.login(unquote(url.username), unquote(url.password or ""))
            yield smtp

    def _keep(self, message: EmailMessage) -> None:
        self._outbox.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = self._outbox / f"{time_ns()}.eml"
        new = file.with_suffix(".new")
        try:
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                out.write(message.as_bytes())
            new.rename(file)  # whoever looks into the folder sees whole mails alone
        except OSError:
            new.unlink(missing_ok=True)
            raise

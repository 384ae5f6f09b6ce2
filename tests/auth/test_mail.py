"""Mails through a server that speaks SMTP."""

import asyncio
import smtplib
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bench.disk import Disk
from recomengine.auth.mail import Mailer
from recomengine.settings import SettingsError


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, said: list[str]) -> None:
    """Just enough of RFC 5321 to take one mail."""
    writer.write(b"220 ready\r\n")
    in_text = False
    while raw := await reader.readline():
        line = raw.decode().rstrip("\r\n")
        said.append(line)
        if in_text:
            in_text = line != "."
            reply = b"" if in_text else b"250 kept\r\n"
        else:
            word = line.upper().split(" ")[0]
            in_text = word == "DATA"
            reply = {"DATA": b"354 go on\r\n", "QUIT": b"221 bye\r\n"}.get(word, b"250 fine\r\n")
        writer.write(reply)
        if line.upper() == "QUIT":
            break
    writer.close()


class Server:
    def __init__(self) -> None:
        self.port = 0
        self.said: list[str] = []


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """It offers no TLS."""
    server = Server()
    listening = await asyncio.start_server(lambda reader, writer: _serve(reader, writer, server.said), "127.0.0.1", 0)
    async with listening:
        server.port = listening.sockets[0].getsockname()[1]
        yield server


async def test_a_mail_is_handed_to_the_server_of_the_url(server: Server, tmp_path: Path) -> None:
    mailer = Mailer(f"smtp://127.0.0.1:{server.port}/?from=shop@example.com", tmp_path / "outbox")
    await mailer.send("ann@example.com", "Hello", "A line.\nAnother.")
    assert "mail FROM:<shop@example.com>" in "\n".join(server.said)
    assert any(line.startswith("rcpt TO:<ann@example.com>") for line in server.said)
    assert {"Subject: Hello", "From: shop@example.com", "To: ann@example.com", "A line.", "Another."} <= set(
        server.said
    )
    assert not (tmp_path / "outbox").exists()


async def test_a_password_is_sent_over_tls_only(server: Server, tmp_path: Path) -> None:
    mailer = Mailer(f"smtp://user:secret-word@127.0.0.1:{server.port}", tmp_path / "outbox")
    with pytest.raises(smtplib.SMTPNotSupportedError):
        await mailer.send("ann@example.com", "Hello", "A line.")
    assert not any(line.upper().startswith(("AUTH", "MAIL")) for line in server.said)


@pytest.mark.parametrize("url", ["mail.example.com:587", "smtp://", "https://mail.example.com"])
def test_what_is_no_mail_server_is_refused_at_the_start(url: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="SMTP_URL"):
        Mailer(url, tmp_path)


SENDER = """
import asyncio, sys
from pathlib import Path
from recomengine.auth.mail import Mailer
outbox = Path(sys.argv[1]) / "outbox"
for said in ("begins", "again"):
    print(said, flush=True)
    sys.stdin.readline()
    try:
        asyncio.run(Mailer("", outbox).send("ann@example.com", "Hello", "text " * 2000))
    except OSError as error:
        print(type(error).__name__, flush=True)
    print(len(list(outbox.iterdir())), flush=True)
"""


def test_a_mail_that_has_no_room_is_an_error_and_leaves_no_half_of_it(tmp_path: Path) -> None:
    disk = Disk(tmp_path, 8)
    command = [*disk.prefix, sys.executable, "-c", SENDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "begins\n"
        disk.fill(process.pid, but_bytes=4096)
        process.stdin.write("\n")
        process.stdin.flush()
        assert [process.stdout.readline() for _ in range(3)] == ["OSError\n", "0\n", "again\n"]
        disk.empty(process.pid)
        process.stdin.write("\n")
        process.stdin.close()
        assert process.stdout.read() == "1\n"

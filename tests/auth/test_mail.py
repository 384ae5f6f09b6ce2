"""Mails through a server that speaks SMTP."""

import asyncio
from pathlib import Path

from recomengine.auth.mail import Mailer


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


async def test_a_mail_is_handed_to_the_server_of_the_url(tmp_path: Path) -> None:
    said: list[str] = []
    server = await asyncio.start_server(lambda reader, writer: _serve(reader, writer, said), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        mailer = Mailer(f"smtp://127.0.0.1:{port}/?from=shop@example.com", tmp_path / "outbox")
        await mailer.send("ann@example.com", "Hello", "A line.\nAnother.")
    assert "mail FROM:<shop@example.com>" in "\n".join(said)
    assert any(line.startswith("rcpt TO:<ann@example.com>") for line in said)
    assert {"Subject: Hello", "From: shop@example.com", "To: ann@example.com", "A line.", "Another."} <= set(said)
    assert not (tmp_path / "outbox").exists()

"""Taking one order to its supplier: by mail, by HTTP, into a folder.  Each may be tried again with the same message id."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

import aiohttp

from controller import db
from controller.answers import body_of
from controller.purchasing.config import Purchasing
from controller.purchasing.papers import Paper, as_csv, as_json, as_pdf, words
from controller.purchasing.policies import Channel

SECONDS = 30.0
MOST_OF_AN_ANSWER = 256 * 1024
_TRY_AGAIN = frozenset({408, 409, 425, 429})
_REFUSED = 500
"""SMTP replies from 500 on, and HTTP's from 500 on, mean opposite things: refused for good, and try again (RFC 5321 4.2.1)."""


class NotDelivered(Exception):
    """It did not reach the supplier; `is_final`: trying again changes nothing, a person must."""

    def __init__(self, what: str, *, is_final: bool = False) -> None:
        super().__init__(what)
        self.is_final = is_final


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is to be taken where."""

    paper: Paper
    channel: Channel
    address: str
    message_id: str


async def deliver(parcel: Parcel, config: Purchasing) -> bytes:
    """What the supplier answered at once, if it did.  Raises NotDelivered."""
    match parcel.channel:
        case Channel.EMAIL:
            message = await asyncio.to_thread(message_of, parcel, config)
            await asyncio.to_thread(_mail, message, parcel.address, config)
            return b""
        case Channel.HTTP:
            return await _post(parcel, config)
        case Channel.FILE:
            await asyncio.to_thread(_drop, parcel, config)
            return b""
        case Channel.HAND:
            return b""


def message_of(parcel: Parcel, config: Purchasing) -> EmailMessage:
    """The mail, with PDF and CSV of the order or of its cancellation.  Raises NotDelivered."""
    if not config.smtp_host or not config.sender:
        raise NotDelivered("no mail server is configured: [purchasing] smtp_host and sender", is_final=True)
    paper, say = parcel.paper, words(parcel.paper.language)
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = config.sender, parcel.address
    message["Subject"] = f"{paper.title} {paper.no}" + (f" ({say['revision']} {paper.revision})" if paper.revision > 1 else "")
    message["Message-ID"] = f"<{parcel.message_id}>"
    message["Date"] = format_datetime(db.now())
    message.set_content(f"{say['cancel_mail' if paper.is_cancel else 'mail']}\n\n{paper.no}\n{config.company}\n")
    name = paper.name
    message.add_attachment(as_pdf(paper), maintype="application", subtype="pdf", filename=f"{name}.pdf")
    message.add_attachment(as_csv(paper), maintype="text", subtype="csv", filename=f"{name}.csv")
    return message


def _mail(message: EmailMessage, address: str, config: Purchasing) -> None:
    """In a thread: smtplib blocks."""
    try:
        password = config.smtp_password_file.read_text(encoding="utf-8").strip() if config.smtp_password_file else ""
        with _server(config) as server:
            if config.smtp_username:
                server.login(config.smtp_username, password)
            server.send_message(message, config.sender, [address])
    except smtplib.SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()))
        raise NotDelivered(f"{address} is refused: {code} {_text(text)}", is_final=code >= _REFUSED) from error
    except smtplib.SMTPResponseException as error:
        is_final = error.smtp_code >= _REFUSED and not isinstance(error, smtplib.SMTPConnectError)
        raise NotDelivered(f"the mail server answers {error.smtp_code} {_text(error.smtp_error)}", is_final=is_final) from error
    except (OSError, smtplib.SMTPException) as error:
        raise NotDelivered(f"the mail server {config.smtp_host}:{config.smtp_port}: {type(error).__name__}: {error}") from error


def _server(config: Purchasing) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if config.smtp_tls == "tls":
        return smtplib.SMTP_SSL(config.smtp_host, config.smtp_port, timeout=SECONDS, context=context)
    server = smtplib.SMTP(config.smtp_host, config.smtp_port, timeout=SECONDS)
    if config.smtp_tls == "starttls":
        try:
            server.starttls(context=context)
        except BaseException:
            server.close()
            raise
    return server


def _text(answer: bytes | str) -> str:
    return answer.decode(errors="replace") if isinstance(answer, bytes) else answer


def secret_of(config: Purchasing, supplier: str) -> str:
    """What a supplier checks our signatures with: made of our key and its code, kept nowhere.  Raises NotDelivered (no key)."""
    if config.key_file is None:
        raise NotDelivered("no key is configured to sign with: [purchasing] key_file", is_final=True)
    try:
        key = config.key_file.read_bytes().strip()
    except OSError as error:
        raise NotDelivered(f"the key to sign with cannot be read: {error.strerror}") from error
    return hmac.new(key, f"supplier:{supplier}".encode(), hashlib.sha256).hexdigest()


def signature(secret: str, moment: str, body: bytes) -> str:
    """HMAC-SHA256 over `moment.body`, in hex: `moment` is the header X-Shelfwire-Time."""
    return hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()


async def _post(parcel: Parcel, config: Purchasing) -> bytes:
    body = as_json(parcel.paper)
    moment = str(int(db.now().timestamp()))
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": parcel.message_id,
        "X-Shelfwire-Time": moment,
        "X-Shelfwire-Signature": signature(secret_of(config, parcel.paper.supplier_code), moment, body),
    }
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS)) as session,
            session.post(parcel.address, data=body, headers=headers, allow_redirects=False) as response,
        ):
            answer = await body_of(response, MOST_OF_AN_ANSWER)
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        raise NotDelivered(f"{parcel.address}: {type(error).__name__}: {error}"[:400]) from error
    if response.status // 100 != 2:
        is_final = response.status < _REFUSED and response.status not in _TRY_AGAIN
        raise NotDelivered(f"{parcel.address} answers {response.status}", is_final=is_final)
    return answer


def _drop(parcel: Parcel, config: Purchasing) -> None:
    """The PDF first, the CSV last: each is there whole or not at all, and whoever waits for the CSV finds both."""
    if config.folder is None:
        raise NotDelivered("no folder is configured for orders: [purchasing] folder", is_final=True)
    folder = config.folder / parcel.address
    name = parcel.paper.name
    try:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        _write(folder / f"{name}.pdf", as_pdf(parcel.paper))
        _write(folder / f"{name}.csv", as_csv(parcel.paper))
        _sync(folder)
    except OSError as error:
        raise NotDelivered(f"{error.filename or folder}: {error.strerror}") from error


def _write(path: Path, content: bytes) -> None:
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

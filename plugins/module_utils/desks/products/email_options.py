# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the catalog says of an email desk: servers, folders, who we are."""

from __future__ import annotations

import dataclasses
import email.utils
import hashlib
import json
import typing as t

from ...errors import PolicyError, SettingsError
from ...model import DeskSettings
from ...protocols.mail_server import SECURITIES, MailServer
from ...protocols.options import Options
from .email_writing import Sender, is_address

OPTIONS: t.Mapping[str, str] = {
    "smtp_host": "required",
    "smtp_port": "optional",
    "smtp_security": "optional",
    "username": "optional",
    "password": "optional",
    "from": "required",
    "reply_to": "optional",
    "plus_address": "optional",
    "imap_host": "optional",
    "imap_port": "optional",
    "imap_security": "optional",
    "imap_username": "optional",
    "imap_password": "optional",
    "folder": "optional",
    "sent_folder": "optional",
    "answer_domains": "optional",
    "require_authenticated": "optional",
    "auth": "optional",
    "ca_file": "optional",
    "read_timeout": "optional",
}
_PORTS = {"smtp": {"starttls": 587, "tls": 465, "none": 25}, "imap": {"starttls": 143, "tls": 993, "none": 143}}


@dataclasses.dataclass(frozen=True)
class MailOptions:
    """An email desk as the catalog has it. Without ``imap`` nothing can be read."""

    smtp: MailServer
    imap: MailServer | None
    sender: Sender
    folder: str
    copies: str
    requests: str
    answer_domains: frozenset[str]
    require_authenticated: str


def mail_options(settings: DeskSettings, options: Options, connection: t.Mapping[str, t.Any]) -> MailOptions:
    """Read the options. Raises PolicyError for one that cannot be used; a value is never shown."""
    where = f"desk {settings.key}"
    for name, given in (("place", settings.place), ("states", settings.states), ("fields", settings.fields)):
        if given:
            raise PolicyError("a mail has none", where=f"{where}, {name}", todo="Take it out")
    name, address = email.utils.parseaddr(options.text("from"))
    if not is_address(address) or not address.isascii() or not options.text("from").isprintable():
        raise options.wrong("from", "an address, or a name and an address: Rollcall <rollcall@acme.example>")
    reply_to = options.text("reply_to", address)
    if not is_address(reply_to) or not reply_to.isascii():
        raise options.wrong("reply_to", "an address")
    imap = _server(options, connection, where, "imap") if options.text("imap_host") else None
    domains = options.text("answer_domains").replace(",", " ").casefold().split()
    secret = json.dumps([options.text("imap_password"), options.text("password"), connection.get("auth")], default=str)
    read = MailOptions(
        smtp=_server(options, connection, where, "smtp"),
        imap=imap,
        sender=Sender(
            name or "Rollcall",
            address,
            reply_to,
            options.flag("plus_address", False),
            hashlib.sha256(f"rollcall copies {secret}".encode()).digest(),
        ),
        folder=options.text("folder", "INBOX"),
        copies=options.text("sent_folder", "Rollcall"),
        requests=settings.requests.get("folder", ""),
        answer_domains=frozenset(domain.lstrip("@") for domain in domains),
        require_authenticated=options.text("require_authenticated"),
    )
    if settings.requests and not read.requests:
        raise PolicyError("expected the folder that they come into", where=f"{where}, requests.folder")
    if imap is None and read.requests:
        raise PolicyError("requests cannot be read without imap_host", where=f"{where}, requests")
    if read.copies in (read.folder, read.requests):
        raise options.wrong("sent_folder", "a folder of its own, into which nothing else comes")
    return read


def _server(options: Options, connection: t.Mapping[str, t.Any], where: str, kind: str) -> MailServer:
    security = options.choice(f"{kind}_security", SECURITIES, "starttls" if kind == "smtp" else "tls")
    port = options.number(f"{kind}_port", _PORTS[kind][security], least=1) or 0
    # what reads the mailbox is usually who writes
    username, password = options.text("username"), options.text("password")
    if kind == "imap":
        username = options.text("imap_username", username)
        password = options.text("imap_password", password)
        if not username:
            raise PolicyError("expected the user name of the mailbox", where=f"{where}, connection.imap_username")
    signs_in = bool(connection.get("auth")) and bool(username)
    try:
        return MailServer(
            host=options.text(f"{kind}_host"),
            port=int(port),
            security=security,
            username=username,
            password="" if signs_in else password,
            sign_in=options.sign_in() if signs_in else None,
            ca_file=str(options.path("ca_file") or ""),
            timeout=options.number("read_timeout", 30.0, least=0.01) or 30.0,
        )
    except SettingsError as error:
        raise PolicyError(error.message, where=f"{where}, connection.{kind}_security", todo=error.todo) from error

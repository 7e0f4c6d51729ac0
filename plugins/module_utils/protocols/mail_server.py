# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What sending mail and reading a mailbox have in common: where the server is, how it is reached, who signs in."""

from __future__ import annotations

import base64
import dataclasses
import ipaddress
import ssl
import typing as t

from ..errors import AppError, Refused, SettingsError, Transient
from ..http import SignIn
from ..redaction import Redactor

#: starttls: the connection begins in the clear and is encrypted before anything is said; tls: from its first byte;
#: none: not at all, for a server on this machine alone.
SECURITIES = ("starttls", "tls", "none")
_LONGEST_DETAIL = 300


@dataclasses.dataclass(frozen=True)
class MailServer:
    """Where a mail server is and who signs in there: with a password, or with the bearer token of ``sign_in``
    (XOAUTH2). An empty ``username`` signs nobody in.

    Raises SettingsError where the connection would not be encrypted, except to this machine.
    """

    host: str
    port: int
    security: str = "starttls"
    username: str = ""
    password: str = dataclasses.field(default="", repr=False)
    sign_in: SignIn | None = dataclasses.field(default=None, repr=False)
    ca_file: str = ""
    timeout: float = 30.0

    def __post_init__(self) -> None:
        if self.security == "none" and not self.is_this_machine:
            raise SettingsError(
                "mails and the password would go over the network in the clear", todo="Use starttls or tls"
            )
        if self.sign_in is None and bool(self.username) != bool(self.password):
            raise SettingsError("a user name without a password, or the other way round")
        if self.sign_in is not None and not self.username:
            raise SettingsError("with auth, the user name says whose mailbox it is")

    @property
    def is_this_machine(self) -> bool:
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def context(self) -> ssl.SSLContext:
        """Return how certificates are checked: against ``ca_file`` where it is given. Raises SettingsError."""
        try:
            return ssl.create_default_context(cafile=self.ca_file or None)
        except OSError as error:
            raise SettingsError(f"ca_file cannot be used: {error}") from error

    def xoauth2(self) -> str:
        """Return what XOAUTH2 signs in with, not encoded yet. Raises AppErrors.

        Source: https://developers.google.com/gmail/imap/xoauth2-protocol and
        https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
        """
        headers = self.sign_in.headers() if self.sign_in is not None else {}
        return f"user={self.username}\x01auth={headers.get('Authorization', '')}\x01\x01"

    def plain(self) -> str:
        """Return what PLAIN signs in with, not encoded yet. Source: https://www.rfc-editor.org/rfc/rfc4616"""
        return f"\0{self.username}\0{self.password}"

    def hidden(self) -> Redactor:
        """Return what takes every secret out of a text."""
        secrets = [self.password, base64.b64encode(self.plain().encode()).decode()]
        return Redactor([*secrets, *(self.sign_in.secrets() if self.sign_in is not None else ())])

    def answered(self, text: t.Any) -> str:
        """Return what a server said, on one line, short, and without secrets."""
        if isinstance(text, bytes):
            text = text.decode("utf-8", "replace")
        line = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
        line = self.hidden()(line)
        return line if len(line) <= _LONGEST_DETAIL else f"{line[:_LONGEST_DETAIL]} ..."

    def unreachable(self, error: Exception, where: str) -> AppError:
        """Return the error for a connection that could not be made, or broke off."""
        at = f"{self.host}:{self.port}"
        if isinstance(error, ssl.SSLCertVerificationError):
            return Refused(
                f"the certificate of {at} is not trusted: {self.answered(error.verify_message)}",
                where=where,
                todo="Name the file of its authority in ca_file, or the name that the certificate is for",
            )
        if isinstance(error, ssl.SSLError):
            said = self.answered(error.reason or error)
            return Transient(f"no encrypted connection to {at}: {said}", where=where, todo="Check port and security")
        return Transient(f"{at} cannot be reached: {self.answered(error)}", where=where)

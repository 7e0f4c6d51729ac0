# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sending mail by SMTP, one recipient's refusal told apart from a server that cannot now.

Sources: https://www.rfc-editor.org/rfc/rfc5321 (4yz: later, 5yz: never), https://www.rfc-editor.org/rfc/rfc8314
"""

from __future__ import annotations

import base64
import contextlib
import smtplib
import typing as t

from ..errors import AppError, Refused, Transient
from .mail_server import MailServer


class RecipientRefused(Refused):
    """The server does not take mail for ``address``; nothing was sent to anybody."""

    def __init__(self, message: str, *, address: str, **kwargs: t.Any) -> None:
        super().__init__(message, **kwargs)
        self.address = address


class MailSender:
    """Sends mails through one server. The connection is kept until ``close``; one that was dropped is made again."""

    def __init__(self, server: MailServer) -> None:
        self.server = server
        self._connection: smtplib.SMTP | None = None

    def send(self, sender: str, recipients: t.Sequence[str], message: bytes, where: str) -> None:
        """Send one message, 7 bit with CRLF, to all of ``recipients`` or to none.

        Raises RecipientRefused, Refused, and Transient: then it may have been sent only if it says so.
        """
        connection = self._connected(where)
        try:
            self._reply(connection.mail(sender), where, f"mail from {sender}")
            for recipient in recipients:
                self._recipient(connection.rcpt(recipient), where, recipient)
        except (AppError, OSError, smtplib.SMTPException) as error:
            self._give_up(connection)
            if isinstance(error, AppError):
                raise
            raise self.server.unreachable(error, where) from error
        try:
            reply = connection.data(message)
        except smtplib.SMTPDataError as error:
            self._give_up(connection)
            raise self._error(error.smtp_code, error.smtp_error, where, "the mail") from error
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            raise Transient(
                f"{self.server.host} broke off while the mail was handed over: nobody knows whether it goes out",
                where=where,
            ) from error
        self._reply(reply, where, "the mail")

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                connection.quit()

    def _connected(self, where: str) -> smtplib.SMTP:
        if self._connection is not None:
            try:
                if self._connection.noop()[0] == 250:
                    return self._connection
            except (OSError, smtplib.SMTPException):
                pass  # servers drop who says nothing for a while: the next connection is a new one
            self._drop()
        server = self.server
        context = server.context()
        try:
            if server.security == "tls":
                connection: smtplib.SMTP = smtplib.SMTP_SSL(
                    server.host, server.port, timeout=server.timeout, context=context
                )
            else:
                connection = smtplib.SMTP(server.host, server.port, timeout=server.timeout)
        except smtplib.SMTPConnectError as error:
            raise self._error(error.smtp_code, error.smtp_error, where, "the connection") from error
        except (OSError, smtplib.SMTPException) as error:
            raise server.unreachable(error, where) from error
        try:
            if server.security == "starttls":
                connection.starttls(context=context)
            self._sign_in(connection, where)
        except smtplib.SMTPNotSupportedError as error:
            connection.close()
            raise Refused(
                f"{server.host}:{server.port} does not offer what is asked for: {server.answered(error)}",
                where=where,
                todo="Check smtp_port and smtp_security: 587 with starttls, or 465 with tls",
            ) from error
        except smtplib.SMTPResponseException as error:
            connection.close()
            raise self._error(error.smtp_code, error.smtp_error, where, "signing in") from error
        except (OSError, smtplib.SMTPException) as error:
            connection.close()
            raise server.unreachable(error, where) from error
        except AppError:
            connection.close()
            raise
        self._connection = connection
        return connection

    def _sign_in(self, connection: smtplib.SMTP, where: str) -> None:
        server = self.server
        if not server.username:
            return
        connection.ehlo_or_helo_if_needed()
        offered = connection.esmtp_features.get("auth", "").upper().split()
        if server.sign_in is not None:
            code, said = self._xoauth2(connection)
            if code != 235 and server.sign_in.renew():
                code, said = self._xoauth2(connection)
        elif "PLAIN" in offered:
            encoded = base64.b64encode(server.plain().encode()).decode()
            code, said = connection.docmd("AUTH", f"PLAIN {encoded}")
        else:
            code, said = connection.login(server.username, server.password)
        if code not in (235, 503):
            raise self._error(code, said, where, "signing in")

    def _xoauth2(self, connection: smtplib.SMTP) -> tuple[int, bytes]:
        encoded = base64.b64encode(self.server.xoauth2().encode()).decode()
        code, said = connection.docmd("AUTH", f"XOAUTH2 {encoded}")
        if code == 334:  # what is wrong comes as a challenge, and wants an empty answer
            code, said = connection.docmd("")
        return code, said

    def _recipient(self, reply: tuple[int, bytes], where: str, address: str) -> None:
        code, said = reply
        if 500 <= code < 600:
            raise RecipientRefused(
                f"mail to {address} is refused: {code} {self.server.answered(said)}", where=where, address=address
            )
        self._reply(reply, where, f"mail to {address}")

    def _reply(self, reply: tuple[int, bytes], where: str, what: str) -> None:
        code, said = reply
        if not 200 <= code < 300:
            raise self._error(code, said, where, what)

    def _error(self, code: int, said: t.Any, where: str, what: str) -> AppError:
        text = f"{what} is refused by {self.server.host}: {code} {self.server.answered(said)}"
        if 500 <= code < 600:
            todo = "Check username and password" if what == "signing in" else ""
            return Refused(text, where=where, todo=todo)
        return Transient(text, where=where)

    def _give_up(self, connection: smtplib.SMTP) -> None:
        """After a refusal the connection is good for the next mail, if the server agrees."""
        try:
            if connection.rset()[0] == 250:
                return
        except (OSError, smtplib.SMTPException):
            pass  # it is gone, and the error that is raised says why
        self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

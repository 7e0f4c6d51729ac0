# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The beginning of a server that speaks TLS, for every protocol that we speak: up to the first words of the client.

What matters of TLS happens before anything is said: whether the client goes on after the certificate was shown. What
it said then, encrypted, is in ``heard``; nothing there means that the client went away.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import typing as t

from ansible_collections.rollcall.access.tests.servers.certificates import Files

Talk = t.Callable[[socket.socket], None]


def _lines(*steps: tuple[bytes, bytes]) -> Talk:
    """Greet, then answer each line that has a word of a step in it; the last step ends it."""

    def talk(connection: socket.socket) -> None:
        (_nothing, greeting), *rest = steps
        connection.sendall(greeting)
        for word, answer in rest:
            line = b""
            while word not in line.upper():
                line = connection.recv(1000)
                if not line:
                    return
            connection.sendall(answer.replace(b"<tag>", line.split()[0]))

    return talk


def _nothing(connection: socket.socket) -> None:
    """Encrypted from the first byte."""


def _postgresql(connection: socket.socket) -> None:
    """Source: https://www.postgresql.org/docs/current/protocol-message-formats.html (SSLRequest, GSSENCRequest)"""
    while True:
        _length, code = struct.unpack("!II", connection.recv(8))
        connection.sendall(b"S" if code == 80877103 else b"N")
        if code == 80877103:
            return


def _mysql(connection: socket.socket) -> None:
    """Source: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_v10.html"""
    capabilities = 0x1 | 0x8 | 0x200 | 0x800 | 0x8000 | 0x80000
    greeting = b"\x0a8.0.36\0" + struct.pack("<I", 7) + b"a" * 8 + b"\0" + struct.pack("<H", capabilities & 0xFFFF)
    greeting += struct.pack("<BHHB", 45, 2, capabilities >> 16, 21) + b"\0" * 10 + b"b" * 12 + b"\0"
    greeting += b"mysql_native_password\0"
    connection.sendall(struct.pack("<I", len(greeting))[:3] + b"\0" + greeting)
    connection.recv(36)


def _ldap(connection: socket.socket) -> None:
    """Source: https://www.rfc-editor.org/rfc/rfc4511#section-4.14 (StartTLS)"""
    request = connection.recv(1000)
    number = request[request.index(b"\x02\x01") + 2]
    connection.sendall(bytes([0x30, 0x0C, 0x02, 0x01, number, 0x78, 0x07, 0x0A, 0x01, 0x00, 0x04, 0x00, 0x04, 0x00]))


BEFORE: t.Mapping[str, Talk] = {
    "direct": _nothing,
    "postgresql": _postgresql,
    "mysql": _mysql,
    "ldap": _ldap,
    "smtp": _lines(
        (b"", b"220 mail ESMTP\r\n"), (b"EHLO", b"250-mail\r\n250 STARTTLS\r\n"), (b"STARTTLS", b"220 go\r\n")
    ),
    "imap": _lines(
        (b"", b"* OK hello\r\n"),
        (b"CAPABILITY", b"* CAPABILITY IMAP4rev1 STARTTLS\r\n<tag> OK done\r\n"),
        (b"STARTTLS", b"<tag> OK go on\r\n"),
    ),
}
#: what a server says first once it is encrypted
GREETINGS = {"smtps": b"220 mail ESMTP\r\n", "imaps": b"* OK [CAPABILITY IMAP4rev1] hello\r\n"}


class TlsFront:
    """Serves one certificate on a free port of loopback until it is closed."""

    def __init__(self, protocol: str, files: Files) -> None:
        self.heard: list[bytes] = []
        self._protocol = protocol
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(files.certificate, files.key)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._done = threading.Event()
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self) -> TlsFront:
        return self

    def __exit__(self, *_: object) -> None:
        # closing alone does not wake an accept that waits
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._done.wait(10)

    def _serve(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                connection, _address = self._listener.accept()
                connection.settimeout(3)
                with connection, contextlib.suppress(OSError, ValueError, struct.error):
                    self._one(connection)
        self._done.set()

    def _one(self, connection: socket.socket) -> None:
        BEFORE.get(self._protocol, _nothing)(connection)
        with self._context.wrap_socket(connection, server_side=True) as encrypted:
            encrypted.sendall(GREETINGS.get(self._protocol, b""))
            said = encrypted.recv(1000)
            if said:
                self.heard.append(said)

# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connecting and signing in to a directory: always encrypted, but for a server on the same machine.

A simple bind is the only way in: SASL (Kerberos) is not implemented.
Source: https://www.rfc-editor.org/rfc/rfc4513
"""

from __future__ import annotations

import dataclasses
import ipaddress
import math
import re
import ssl
import typing as t
import urllib.parse

from ..errors import AppError, Refused, SettingsError, Transient
from ..libraries import library
from .directory_answers import SUCCESS, sign_in_error

ldap3 = library("ldap3")
ldap3_exceptions = library("ldap3.core.exceptions")


@dataclasses.dataclass(frozen=True)
class DirectoryAddress:
    """Where a directory is, and who signs in.

    ``url``: ldaps://host:port or ldap://host:port. ``start_tls``: None means whenever the url is ldap:// and the host
    is not this machine. Raises SettingsError for what cannot be used; ``todo`` says what can.
    """

    url: str
    bind_dn: str
    password: str = dataclasses.field(repr=False)
    start_tls: bool | None = None
    ca_file: str = ""
    connect_timeout: float = 10.0
    read_timeout: float = 60.0

    def __post_init__(self) -> None:
        try:
            parts = urllib.parse.urlsplit(self.url)
            usable = parts.scheme in ("ldap", "ldaps") and parts.hostname and (parts.port or 1) > 0
        except ValueError:
            parts, usable = urllib.parse.urlsplit(""), None
        if not usable or parts.path.strip("/") or parts.query or parts.username:
            raise SettingsError("url is no address of a directory", todo="It looks like ldaps://ldap.example.org:636")
        if not self.bind_dn or not self.password:
            # With an empty password a directory may let everybody in, as nobody (RFC 4513, 5.1.2).
            raise SettingsError("bind_dn and password are needed: nobody signs in without a name here")
        if self.start_tls is False and not self.encrypted and not self.is_this_machine:
            raise SettingsError(
                "the password would go over the network in the clear", todo="Use ldaps://, or leave start_tls on"
            )
        if self.start_tls and self.encrypted:
            raise SettingsError("ldaps:// is encrypted from the start: StartTLS does not go with it")

    @property
    def encrypted(self) -> bool:
        return urllib.parse.urlsplit(self.url).scheme == "ldaps"

    @property
    def host(self) -> str:
        return urllib.parse.urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        return urllib.parse.urlsplit(self.url).port or (636 if self.encrypted else 389)

    @property
    def is_this_machine(self) -> bool:
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def with_start_tls(self) -> bool:
        return not self.encrypted and (not self.is_this_machine if self.start_tls is None else self.start_tls)

    @property
    def shown(self) -> str:
        """What messages call it."""
        return f"{'ldaps' if self.encrypted else 'ldap'}://{self.host}:{self.port}"

    def without_secrets(self, text: str) -> str:
        return text.replace(self.password, "***") if len(self.password) > 1 else text


def open_connection(address: DirectoryAddress, where: str) -> t.Any:
    """Return a connection (of ldap3) that is encrypted, verified and signed in.

    Raises Transient where there is no connection, Refused for a certificate, StartTLS or credentials that do not do.
    """
    if address.ca_file:
        try:
            ssl.create_default_context(cafile=address.ca_file)
        except (OSError, ValueError) as error:  # an SSLError is an OSError
            reason = "there is no such file" if isinstance(error, FileNotFoundError) else "it holds no certificate"
            todo = "It has the certificate of the company's own authority, PEM"
            raise Refused(f"ca_file {address.ca_file}: {reason}", where=where, todo=todo) from None
    try:
        is_name = not re.fullmatch(r"[0-9.]+|.*:.*", address.host)
        tls = ldap3.Tls(
            validate=ssl.CERT_REQUIRED,
            ca_certs_file=address.ca_file or None,
            sni=address.host if is_name else None,
        )
        server = ldap3.Server(
            address.host,
            port=address.port,
            use_ssl=address.encrypted,
            tls=tls,
            get_info=ldap3.NONE,
            connect_timeout=address.connect_timeout,
        )
        connection = ldap3.Connection(
            server,
            user=address.bind_dn,
            password=address.password,
            authentication=ldap3.SIMPLE,
            client_strategy=ldap3.SYNC,
            auto_bind=ldap3.AUTO_BIND_NONE,
            auto_referrals=False,
            auto_range=False,
            auto_escape=False,
            auto_encode=False,
            check_names=False,
            return_empty_attributes=False,
            raise_exceptions=False,
            receive_timeout=max(1, math.ceil(address.read_timeout)),
        )
    except ldap3_exceptions.LDAPExceptionError as error:
        raise Refused(f"the connection cannot be set up: {error}", where=where) from error
    try:
        connection.open(read_server_info=False)
        connection.socket.settimeout(address.read_timeout)
        if address.with_start_tls:
            _start_tls(connection, address, where)
        connection.bind(read_server_info=False)
        result = connection.result
    except (ldap3_exceptions.LDAPExceptionError, OSError) as error:
        close_connection(connection)
        raise connection_error(error, address, where) from None
    except AppError:
        close_connection(connection)
        raise
    if result["result"] != SUCCESS:
        close_connection(connection)
        message = address.without_secrets(str(result.get("message") or ""))
        raise sign_in_error(int(result["result"]), message, address.bind_dn, where)
    return connection


def close_connection(connection: t.Any) -> None:
    try:
        connection.unbind()
    except (ldap3_exceptions.LDAPExceptionError, OSError, AttributeError):
        return  # it is gone, which is what was wanted


def _start_tls(connection: t.Any, address: DirectoryAddress, where: str) -> None:
    try:
        started = connection.start_tls(read_server_info=False)
    except ldap3_exceptions.LDAPStartTLSError as error:
        if "certificate" in str(error).lower() or (connection.result or {}).get("result") == SUCCESS:
            raise
        said = str((connection.result or {}).get("description") or "it failed")
        raise Refused(
            f"{address.shown} does not offer StartTLS ({said}), and a password does not go over an open connection",
            where=where,
            todo="Switch TLS on in the directory, or use ldaps://",
        ) from None
    if not started:
        raise Refused(f"{address.shown} did not start TLS", where=where)


def connection_error(error: Exception, address: DirectoryAddress, where: str, *, sent: bool = False) -> AppError:
    """Return what a failing connection means: Refused for a certificate, Transient for all that may pass."""
    text = " ".join(address.without_secrets(str(error)).split())
    if "CERTIFICATE_VERIFY_FAILED" in text or "doesn't match any name" in text:
        found = re.search(r"certificate verify failed: ([^(\"']+)", text)
        why = found[1].strip() if found else f"it is not made out to {address.host}"
        return Refused(
            f"the certificate of {address.shown} is not trusted ({why})",
            where=where,
            todo="If it is signed by the company's own authority, give that authority's certificate as ca_file",
        )
    late = "timed out" in text or "timeout" in text.lower() or "temporarily unavailable" in text
    what = "did not answer in time" if late else "cannot be reached, or broke off"
    return Transient(f"{address.shown} {what} ({text[:200] or type(error).__name__})", where=where, sent=sent)

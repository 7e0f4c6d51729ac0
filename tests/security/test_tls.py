# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every library that opens an encrypted connection for us, with certificates that do not do and with one that does.

A wrong name, an expired and a self-signed certificate are refused before a credential is sent; an authority of the
company's own is an option. The servers are beginnings of servers (``tls_front``); real ones are in tests/servers.
"""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.desks.sending import Sender, channels_of
from ansible_collections.rollcall.access.plugins.module_utils.errors import AppError, LedgerError, Refused
from ansible_collections.rollcall.access.plugins.module_utils.http import Session
from ansible_collections.rollcall.access.plugins.module_utils.ledger import Ledger
from ansible_collections.rollcall.access.plugins.module_utils.protocols import database
from ansible_collections.rollcall.access.plugins.module_utils.protocols.aws import Aws, AwsSettings
from ansible_collections.rollcall.access.plugins.module_utils.protocols.database import database_url
from ansible_collections.rollcall.access.plugins.module_utils.protocols.directory_connection import (
    DirectoryAddress,
    open_connection,
)
from ansible_collections.rollcall.access.plugins.module_utils.protocols.entra_sign_in import entra_sign_in
from ansible_collections.rollcall.access.plugins.module_utils.protocols.google_sign_in import google_sign_in
from ansible_collections.rollcall.access.plugins.module_utils.protocols.imap import Mailbox
from ansible_collections.rollcall.access.plugins.module_utils.protocols.mail_server import MailServer
from ansible_collections.rollcall.access.plugins.module_utils.protocols.rest_auth import sign_in_from
from ansible_collections.rollcall.access.plugins.module_utils.protocols.smtp import MailSender
from ansible_collections.rollcall.access.plugins.module_utils.protocols.transactions import Database
from ansible_collections.rollcall.access.tests.security.tls_front import TlsFront
from ansible_collections.rollcall.access.tests.servers.certificates import Files, certificates
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

SECRET = "canary-tls-4f1d9b7c"
WHERE = "app x, read"
Call = t.Callable[[int, str], object]


def _session(port: int, ca_file: str) -> object:
    session = Session(f"https://127.0.0.1:{port}", authorization=f"Bearer {SECRET}", ca_file=ca_file, read_attempts=1)
    return session.get("users", where=WHERE)


def _token(port: int, ca_file: str) -> object:
    oauth2 = {"token_url": f"https://127.0.0.1:{port}/token", "client_id": "x", "client_secret": SECRET}
    return sign_in_from({"oauth2": oauth2}, WHERE, ca_file).headers()


def _entra(port: int, ca_file: str) -> object:
    authority = f"https://127.0.0.1:{port}"
    return entra_sign_in(
        "acme", "id", scope="x/.default", where=WHERE, secret=SECRET, authority=authority, ca_file=ca_file
    ).headers()


def _google(port: int, ca_file: str) -> object:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoding, shape = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    pem = key.private_bytes(encoding, shape, serialization.NoEncryption()).decode()
    info = {
        "type": "service_account",
        "client_email": "rollcall@acme.example",
        "private_key": pem,
        "private_key_id": "1",
        "token_uri": f"https://127.0.0.1:{port}/token",
    }
    return google_sign_in(json.dumps(info), scopes=["x"], where=WHERE, ca_file=ca_file).headers()


def _aws(port: int, ca_file: str) -> object:
    url = f"https://127.0.0.1:{port}"
    settings = AwsSettings("AKIAX", SECRET, region="eu-west-1", endpoint_url=url, ca_file=ca_file, read_attempts=1)
    return Aws(settings).read("iam", "ListUsers", WHERE)


def _mail(port: int, ca_file: str, security: str) -> MailServer:
    return MailServer("127.0.0.1", port, security, "rollcall", SECRET, ca_file=ca_file, timeout=5)


def _smtp(security: str) -> Call:
    def call(port: int, ca_file: str) -> object:
        return MailSender(_mail(port, ca_file, security)).send("a@acme.example", ["b@acme.example"], b"x", WHERE)

    return call


def _imap(security: str) -> Call:
    return lambda port, ca_file: Mailbox(_mail(port, ca_file, security)).listing("INBOX", WHERE)


def _ldap(scheme: str) -> Call:
    def call(port: int, ca_file: str) -> object:
        start_tls = True if scheme == "ldap" else None
        address = DirectoryAddress(f"{scheme}://127.0.0.1:{port}", "cn=x", SECRET, start_tls=start_tls, ca_file=ca_file)
        return open_connection(address, WHERE)

    return call


def _database(scheme: str) -> Call:
    def call(port: int, ca_file: str) -> object:
        place = database_url(f"{scheme}://rollcall:{SECRET}@127.0.0.1:{port}/x", pathlib.Path(), where=WHERE)
        with Database(place, WHERE, ca_file=ca_file, seconds=5).transaction(WHERE):
            return None

    return call


#: what opens a connection -> which beginning of a server stands there, and how it is opened
WAYS: t.Mapping[str, tuple[str, Call]] = {
    "HTTP of connectors, desks and sources": ("direct", _session),
    "HTTP for a token": ("direct", _token),
    "Microsoft's library": ("direct", _entra),
    "Google's library": ("direct", _google),
    "Amazon's library": ("direct", _aws),
    "SMTP with STARTTLS": ("smtp", _smtp("starttls")),
    "SMTP with TLS": ("smtps", _smtp("tls")),
    "IMAP with STARTTLS": ("imap", _imap("starttls")),
    "IMAP with TLS": ("imaps", _imap("tls")),
    "LDAP with StartTLS": ("ldap", _ldap("ldap")),
    "LDAP with TLS": ("direct", _ldap("ldaps")),
    "PostgreSQL": ("postgresql", _database("postgresql")),
    "MySQL": ("mysql", _database("mysql")),
}
WRONG = ("wrong name", "expired", "self-signed", "unknown authority")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> t.Mapping[str, Files]:
    folder = tmp_path_factory.mktemp("certificates")
    return {
        "good": certificates(folder / "good", "127.0.0.1"),
        "unknown authority": certificates(folder / "unknown", "127.0.0.1"),
        "wrong name": certificates(folder / "name", "other.example"),
        "expired": certificates(folder / "expired", "127.0.0.1", expired=True),
        "self-signed": certificates(folder / "self", "127.0.0.1", self_signed=True),
    }


@pytest.fixture(autouse=True)
def not_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database on this machine needs no certificate; here loopback stands for a server that is elsewhere."""
    monkeypatch.setattr(database, "_is_here", lambda url: False)


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("way", WAYS)
def test_a_certificate_that_does_not_do_is_refused_before_anything_is_said(
    files: t.Mapping[str, Files], way: str, wrong: str
) -> None:
    protocol, call = WAYS[way]
    # the wrong name and the past day are wrong although the authority is known
    known = files[wrong] if wrong in ("wrong name", "expired") else files["good"]
    with TlsFront(protocol, files[wrong]) as front, pytest.raises(Refused) as caught:
        call(front.port, str(known.authority))
    assert front.heard == []
    said = str(caught.value)
    assert "not trusted" in said
    assert "ca_file" in said
    assert SECRET not in said + repr(caught.value)
    for word in SAYS[wrong] if way not in TERSE else ("certificate", "does not match"):
        if word in said.lower():
            break
    else:
        pytest.fail(f"it is not said that it is {wrong}: {said}")


#: What names each fault, in the words of OpenSSL and of the libraries.
SAYS = {
    "wrong name": ("mismatch", "doesn't match", "does not match", "not made out to"),
    "expired": ("expired",),
    "self-signed": ("self-signed", "self signed"),
    "unknown authority": ("unable to get local issuer", "self-signed certificate in certificate chain"),
}
#: libpq says "certificate verify failed" and keeps why to itself
TERSE = ("PostgreSQL",)


@pytest.mark.parametrize("way", WAYS)
def test_without_an_authority_of_its_own_only_public_ones_are_trusted(files: t.Mapping[str, Files], way: str) -> None:
    protocol, call = WAYS[way]
    with TlsFront(protocol, files["good"]) as front, pytest.raises(Refused, match="not trusted"):
        call(front.port, "")
    assert front.heard == []


@pytest.mark.parametrize("way", WAYS)
def test_an_authority_of_the_companys_own_is_trusted_when_it_is_named(files: t.Mapping[str, Files], way: str) -> None:
    protocol, call = WAYS[way]
    with TlsFront(protocol, files["good"]) as front, pytest.raises(AppError) as caught:
        call(front.port, str(files["good"].authority))
    assert front.heard, "the client went on"
    assert "not trusted" not in str(caught.value)
    assert SECRET not in str(caught.value)


# --- the ledger on PostgreSQL


@pytest.mark.parametrize("wrong", WRONG)
def test_a_ledgers_server_with_such_a_certificate_is_refused(files: t.Mapping[str, Files], wrong: str) -> None:
    known = files[wrong] if wrong in ("wrong name", "expired") else files["good"]
    query = f"sslmode=verify-full&sslrootcert={known.authority}"
    with TlsFront("postgresql", files[wrong]) as front, pytest.raises(LedgerError) as caught:
        Ledger.open(f"postgresql+psycopg://rollcall:{SECRET}@127.0.0.1:{front.port}/x?{query}")
    assert front.heard == []
    assert "certificate" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_ledgers_server_elsewhere_is_verified_without_being_asked(files: t.Mapping[str, Files]) -> None:
    with TlsFront("postgresql", files["good"]) as front, pytest.raises(LedgerError) as caught:
        Ledger.open(f"postgresql+psycopg://rollcall:{SECRET}@127.0.0.1:{front.port}/x")
    assert front.heard == []
    assert "certificate" in str(caught.value)


# --- notifications


def test_a_notification_does_not_go_to_a_server_with_such_a_certificate(files: t.Mapping[str, Files]) -> None:
    with TlsFront("direct", files["self-signed"]) as front:
        channels, findings = channels_of({"security": f"jsons://user:{SECRET}@127.0.0.1:{front.port}/"}, "rollcall.yml")
        assert findings == ()
        outcome = Sender().send(channels[0], "sec@acme.example", "title", "body")
    assert front.heard == []
    assert not outcome.sent
    assert SECRET not in repr(outcome)


def test_a_notification_whose_url_switches_the_check_off_is_an_error() -> None:
    channels, findings = channels_of({"security": f"jsons://user:{SECRET}@chat.example/?verify=no"}, "rollcall.yml")
    assert channels == ()
    assert [finding.code for finding in findings] == ["notification_route"]
    assert "verify=no" in str(findings[0])
    assert SECRET not in str(findings[0])


# --- nothing switches it off


@pytest.mark.parametrize("url", ["http://app.example/v2", "http://10.0.0.1/v2", "ftp://app.example", "//app.example"])
def test_an_app_elsewhere_is_never_spoken_to_in_the_clear(url: str) -> None:
    with pytest.raises(Exception, match=r"plain http|not an http address") as caught:
        Session(url, authorization=f"Bearer {SECRET}")
    assert SECRET not in str(caught.value)


def test_no_connector_desk_or_source_has_an_option_that_switches_verification_off() -> None:
    from ansible_collections.rollcall.access.tests.security.registered import every_option

    suspicious = ("verify", "insecure", "skip", "validate", "trust", "check_hostname", "no_ssl", "ssl")
    found = [(place, option) for place, option in every_option() if any(word in option for word in suspicious)]
    assert found == []

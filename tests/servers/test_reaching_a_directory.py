# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reaching a real slapd: encryption, certificates, credentials, connections that end, and limits."""

from __future__ import annotations

import concurrent.futures
import pathlib
import socket
import threading
import time
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import Broken, Refused, SettingsError, Transient
from ansible_collections.rollcall.access.plugins.module_utils.protocols.directory import Directory
from ansible_collections.rollcall.access.plugins.module_utils.protocols.directory_connection import DirectoryAddress
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY
from ansible_collections.rollcall.access.tests.servers import slapd
from ansible_collections.rollcall.access.tests.servers.certificates import certificates
from ansible_collections.rollcall.access.tests.servers.slapd import PEOPLE, SERVICE, SERVICES, Slapd


@pytest.fixture(scope="module")
def server() -> t.Iterator[Slapd]:
    with slapd.running() as server:
        for number in range(7):
            server.add(f"cn=n{number},{PEOPLE}", ["person"], cn=f"n{number}", sn="x")
        yield server


def directory(server: Slapd, *, plain: bool = False, page_size: int = 3, **changed: t.Any) -> Directory:
    port = server.plain_port if plain else server.tls_port
    ca_file = str(server.files.authority) if server.files else ""
    settings = {
        "url": f"{'ldap' if plain else 'ldaps'}://{server.host}:{port}",
        "bind_dn": SERVICE,
        "password": CANARY,
        "ca_file": ca_file,
        "read_timeout": 5.0,
    }
    return Directory(DirectoryAddress(**{**settings, **changed}), page_size=page_size)


def count(directory: Directory, base: str = PEOPLE) -> int:
    try:
        return len(directory.search(base, "(objectClass=person)", ["cn"], where="here"))
    finally:
        directory.close()


@pytest.mark.parametrize("settings", [{}, {"plain": True}, {"plain": True, "start_tls": True}])
def test_seven_entries_over_three_pages(server: Slapd, settings: dict[str, t.Any]) -> None:
    assert count(directory(server, **settings)) == 7


def test_start_tls_encrypts_before_the_password_is_sent(server: Slapd) -> None:
    config = server.signed_in("cn=config", "fixture")
    config.modify("cn=config", {"olcSecurity": [("MODIFY_REPLACE", ["simple_bind=128"])]})
    try:
        assert count(directory(server, plain=True, start_tls=True)) == 7
        with pytest.raises(Refused, match="not encrypted"):
            count(directory(server, plain=True))
    finally:
        config.modify("cn=config", {"olcSecurity": [("MODIFY_REPLACE", [])]})
    with pytest.raises(Refused, match="is not trusted"):
        count(directory(server, plain=True, start_tls=True, ca_file=""))


def test_no_password_goes_to_a_server_that_does_not_offer_start_tls() -> None:
    with slapd.running(tls=False) as server, pytest.raises(Refused) as caught:
        count(directory(server, plain=True, start_tls=True, ca_file=""))
    assert "does not offer StartTLS" in str(caught.value)


def test_a_certificate_of_another_authority_or_for_another_host_is_not_trusted(
    server: Slapd, tmp_path: pathlib.Path
) -> None:
    other = certificates(tmp_path, "127.0.0.1")
    for settings in ({"ca_file": str(other.authority)}, {"url": f"ldaps://localhost:{server.tls_port}"}):
        with pytest.raises(Refused, match="is not trusted"):
            count(directory(server, **settings))


@pytest.mark.parametrize(
    "settings",
    [
        {"url": "ldap://ldap.example.org", "start_tls": False},
        {"url": "ldaps://ldap.example.org", "start_tls": True},
        {"url": "http://ldap.example.org"},
        {"url": "ldaps://user@ldap.example.org"},
        {"url": "ldaps://ldap.example.org/dc=acme"},
        {"password": ""},
        {"bind_dn": ""},
    ],
)
def test_what_would_be_unsafe_is_not_even_tried(server: Slapd, settings: dict[str, t.Any]) -> None:
    with pytest.raises(SettingsError) as caught:
        directory(server, **settings)
    assert CANARY not in str(caught.value)


def test_an_authority_that_is_not_there_or_is_none_is_told(server: Slapd, tmp_path: pathlib.Path) -> None:
    with pytest.raises(Refused, match=r"/nowhere\.pem: there is no such file"):
        count(directory(server, ca_file="/nowhere.pem"))
    (tmp_path / "no.pem").write_text("no certificate")
    with pytest.raises(Refused, match=r"no\.pem: it holds no certificate"):
        count(directory(server, ca_file=str(tmp_path / "no.pem")))


def test_every_other_host_is_spoken_to_with_start_tls() -> None:
    assert DirectoryAddress("ldap://ldap.example.org", "cn=x", "y").with_start_tls
    assert not DirectoryAddress("ldap://127.0.0.1", "cn=x", "y").with_start_tls


def test_a_wrong_password_is_refused_and_not_shown(server: Slapd) -> None:
    with pytest.raises(Refused) as caught:
        count(directory(server, password="not-" + CANARY))
    assert SERVICE in str(caught.value)
    assert CANARY not in str(caught.value)
    assert CANARY not in repr(directory(server).address)


def test_a_server_that_is_not_there_may_be_there_later(server: Slapd) -> None:
    with pytest.raises(Transient, match="cannot be reached"):
        count(directory(server, url="ldap://127.0.0.1:1"))


def test_a_server_that_never_answers_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        accepted: list[t.Any] = []
        threading.Thread(target=lambda: accepted.append(silent.accept()), daemon=True).start()
        address = DirectoryAddress(f"ldap://127.0.0.1:{silent.getsockname()[1]}", "cn=x", CANARY, read_timeout=1.0)
        began = time.monotonic()
        with pytest.raises(Transient, match="in time"):
            count(Directory(address))
        assert time.monotonic() - began < 5


def test_reading_goes_on_after_the_server_was_started_anew(server: Slapd) -> None:
    reader = directory(server)
    assert reader.read(PEOPLE, ["ou"], where="here") is not None
    server.stop()
    server.start()
    assert reader.read(PEOPLE, ["ou"], where="here") is not None
    server.stop()
    server.start()
    with pytest.raises(Transient) as caught:  # nobody knows whether a change arrived
        reader.delete(f"cn=nobody,{PEOPLE}", where="here")
    assert caught.value.details["sent"] is True
    assert count(reader) == 7


def test_a_part_of_the_entries_is_an_error(server: Slapd) -> None:
    with pytest.raises(Broken, match="only a part"):
        count(directory(server, bind_dn=f"cn=short,{SERVICES}", page_size=500))


def test_what_may_not_be_seen_is_not_taken_for_empty(server: Slapd) -> None:
    for bind_dn, base in ((f"cn=blind,{SERVICES}", PEOPLE), (SERVICE, f"ou=nowhere,{slapd.ROOT}")):
        with pytest.raises(Broken) as caught:
            count(directory(server, bind_dn=bind_dn), base)
        assert f"the base {base} is not there, or bind_dn may not see it" in str(caught.value)


def test_what_is_on_another_server_is_named(server: Slapd) -> None:
    dn = f"ou=abroad,{PEOPLE}"
    server.admin.add(dn, ["referral", "extensibleObject"], {"ref": f"ldap://other.example/{dn}"})
    try:
        with pytest.raises(Broken, match=r"ldap://other\.example"):
            count(directory(server))
    finally:
        manage_dsa_it = ("2.16.840.1.113730.3.4.2", True, None)
        server.admin.delete(dn, controls=[manage_dsa_it])


def test_more_than_500_need_a_server_that_lets_them_be_paged_through() -> None:
    with slapd.running() as server:
        for number in range(501):
            server.add(f"cn=n{number},{PEOPLE}", ["person"], sn="x")
        with pytest.raises(Broken, match="prtotal"):
            count(directory(server, page_size=100))
        config = server.signed_in("cn=config", "fixture")
        config.search("cn=config", "(olcSuffix=*)", attributes=["1.1"])
        limits = f'dn.exact="{SERVICE}" size.prtotal=unlimited'
        config.modify(config.response[0]["dn"], {"olcLimits": [("MODIFY_ADD", [limits])]})
        assert count(directory(server, page_size=100)) == 501


def test_threads_do_not_mix_their_pages(server: Slapd) -> None:
    reader = directory(server, page_size=1)

    def read(_number: int) -> int:
        return len(reader.search(PEOPLE, "(objectClass=person)", ["cn"], where="here"))

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        assert list(pool.map(read, range(24))) == [7] * 24
    reader.close()

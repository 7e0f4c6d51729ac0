# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real domain controller of our own (Samba): a new domain in a private directory, on a loopback address of its own.

Its ports cannot be chosen (389 and 636), so it runs as root and takes an address that nobody else has. Only its LDAP
service is started.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import typing as t

import ldap3
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY
from ansible_collections.rollcall.access.tests.servers.certificates import certificates

DOMAIN = "ad.acme.example"
ROOT = "DC=ad,DC=acme,DC=example"
PEOPLE, GROUPS, LEAVERS, SERVICES = (f"OU={name},{ROOT}" for name in ("People", "Groups", "Leavers", "Services"))
SERVICE = f"rollcall@{DOMAIN}"
SERVICE_DN = f"CN=rollcall,{SERVICES}"
ADMINISTRATOR = f"administrator@{DOMAIN}"
_PASSWORD = "Fixture-Passw0rd-of-the-administrator"
_CONFIGURATION = """
[global]
    netbios name = DC1
    workgroup = ACME
    realm = {realm}
    server role = active directory domain controller
    server services = ldap
    dcerpc endpoint servers =
    interfaces = {host}/8
    bind interfaces only = yes
    private dir = {folder}/domain/private
    state directory = {folder}/domain/state
    lock directory = {folder}/domain
    cache directory = {folder}/cache
    pid directory = {folder}/run
    ncalrpc dir = {folder}/ncalrpc
    winbindd socket directory = {folder}/winbindd
    ntp signd socket directory = {folder}/ntp
    log file = {folder}/log
    tls cafile = {files.authority}
    tls certfile = {files.certificate}
    tls keyfile = {files.key}
"""
# Everything, or reading alone, on an OU and all that is below it; or no reading of what is below it.
_RIGHTS = {"all": "(A;CI;GA;;;{sid})", "read": "(A;CI;RPLCLORC;;;{sid})", "none": "(D;CIIO;RP;;;{sid})"}


class Domain:
    """One domain with one controller, four OUs, and a service account that may do everything in three of them."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.host = f"127.{random.randint(1, 254)}.{random.randint(1, 254)}.{random.randint(2, 254)}"
        for port in (389, 636):
            with socket.socket() as probe:
                try:
                    probe.bind((self.host, port))
                except OSError as error:
                    hint = "end what listens there on all addresses, the slapd of the system, say"
                    raise AssertionError(f"port {port} of {self.host} cannot be had ({error}): {hint}") from error
        self.files = certificates(folder / "tls", self.host)
        self._process: subprocess.Popen[bytes] | None = None
        self._admin: t.Any = None
        self._descriptors: dict[str, dict[str, bytes]] = {}
        for name in ("cache", "run", "ncalrpc", "winbindd", "ntp"):
            (folder / name).mkdir()
        self._tool(
            *("domain", "provision", f"--realm={DOMAIN.upper()}", "--domain=ACME", "--server-role=dc"),
            *("--dns-backend=NONE", "--host-name=dc1", f"--host-ip={self.host}", f"--adminpass={_PASSWORD}"),
            *(f"--targetdir={folder}/domain", "--option=interfaces=lo", "--option=bind interfaces only=yes"),
        )
        text = _CONFIGURATION.format(folder=folder, host=self.host, realm=DOMAIN.upper(), files=self.files)
        (folder / "smb.conf").write_text(text)

    def start(self) -> None:
        with (self.folder / "output").open("ab") as log:
            self._process = subprocess.Popen(
                [_program("samba"), "-i", "-M", "single", "-d", "1", "-s", str(self.folder / "smb.conf")],
                stdin=subprocess.PIPE,  # it ends when its input does
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        end = time.monotonic() + 60
        while True:
            try:
                socket.create_connection((self.host, 636), 1).close()
                return
            except OSError:
                assert self._process.poll() is None, (self.folder / "output").read_text()
                assert time.monotonic() < end, "samba does not come up"
                time.sleep(0.1)

    def stop(self) -> None:
        self._admin = None
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(20)
            self._process = None

    # Looking into it and changing it, past the connector

    @property
    def admin(self) -> t.Any:
        if self._admin is None:
            self._admin = self.signed_in(ADMINISTRATOR, _PASSWORD)
        return self._admin

    def signed_in(self, name: str, password: str) -> t.Any:
        server = ldap3.Server(self.host, 636, use_ssl=True, get_info=ldap3.NONE)
        return ldap3.Connection(
            server, name, password, auto_bind=True, check_names=False, auto_range=False, raise_exceptions=True
        )

    def lets_in(self, name: str, password: str) -> bool:
        """Return whether somebody can sign in with this password."""
        try:
            self.signed_in(name, password).unbind()
        except (ldap3.core.exceptions.LDAPBindError, ldap3.core.exceptions.LDAPInvalidCredentialsResult):
            return False
        return True

    def add(self, dn: str, object_class: str, **attributes: t.Any) -> None:
        self.admin.add(dn, [object_class], {k: v for k, v in attributes.items() if v})

    def replace(self, dn: str, **attributes: t.Any) -> None:
        self.admin.modify(dn, {name: [("MODIFY_REPLACE", values)] for name, values in attributes.items()})

    def entries(self, base: str, filter: str, scope: str = "SUBTREE") -> dict[str, dict[str, list[bytes]]]:
        self.admin.search(base, filter, scope, attributes=["*", "memberOf"])
        found = [one for one in self.admin.response if one["type"] == "searchResEntry"]
        return {one["dn"]: dict(one["raw_attributes"]) for one in found}

    def person(self, dn: str, username: str, password: str = "", **attributes: t.Any) -> str:
        """Add an enabled account; returns its objectGUID as a text."""
        quoted = f'"{password or "Initial-Passw0rd-" + username}"'.encode("utf-16-le")
        self.add(
            dn,
            "user",
            sAMAccountName=username,
            userPrincipalName=f"{username}@{DOMAIN}",
            unicodePwd=quoted,
            userAccountControl="512",
            **attributes,
        )
        return self.id_of(dn)

    def id_of(self, dn: str) -> str:
        raw = next(iter(self.entries(dn, "(objectClass=*)", "BASE").values()))["objectGUID"][0]
        a, b, c, rest = raw[3::-1].hex(), raw[5:3:-1].hex(), raw[7:5:-1].hex(), raw[8:].hex()
        return f"{a}-{b}-{c}-{rest[:4]}-{rest[4:]}"

    def populate(self) -> None:
        for dn in (PEOPLE, GROUPS, LEAVERS, SERVICES):
            self.add(dn, "organizationalUnit")
        self.person(SERVICE_DN, "rollcall", CANARY)
        sid = self.security_id(SERVICE_DN)
        for dn in (PEOPLE, GROUPS, LEAVERS):
            before = self._descriptor(dn)
            found = {}
            for level in _RIGHTS:
                self._describe(dn, before)
                self._tool(
                    "dsacl",
                    "set",
                    f"--objectdn={dn}",
                    f"--sddl={_RIGHTS[level].format(sid=sid)}",
                    "-H",
                    f"{self.folder}/domain/private/sam.ldb",
                    "-s",
                    str(self.folder / "smb.conf"),
                )
                found[level] = self._descriptor(dn)
            self._descriptors[dn] = found

    def rights(self, level: str) -> None:
        """Give the service account these rights: all, read, none (of what is in the OUs)."""
        for dn, levels in self._descriptors.items():
            self._describe(dn, levels[level])

    def password_of(self, dn: str, password: str) -> None:
        self.replace(dn, unicodePwd=[f'"{password}"'.encode("utf-16-le")])

    def empty(self) -> None:
        for base in (GROUPS, LEAVERS, PEOPLE):
            names = [dn for dn in self.entries(base, "(objectClass=*)") if dn.lower() != base.lower()]
            for dn in sorted(names, key=len, reverse=True):
                self.admin.delete(dn)

    def security_id(self, dn: str) -> str:
        raw = next(iter(self.entries(dn, "(objectClass=*)", "BASE").values()))["objectSid"][0]
        parts = [str(int.from_bytes(raw[at : at + 4], "little")) for at in range(8, len(raw), 4)]
        return "-".join(["S-1-5", *parts])

    def _descriptor(self, dn: str) -> bytes:
        self.admin.search(dn, "(objectClass=*)", "BASE", attributes=["nTSecurityDescriptor"], controls=[_ACL_ONLY])
        return bytes(self.admin.response[0]["raw_attributes"]["nTSecurityDescriptor"][0])

    def _describe(self, dn: str, descriptor: bytes) -> None:
        self.admin.modify(dn, {"nTSecurityDescriptor": [("MODIFY_REPLACE", [descriptor])]}, controls=[_ACL_ONLY])

    def _tool(self, *words: str) -> None:
        done = subprocess.run(
            [_program("samba-tool"), *words], check=False, timeout=240, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr[-2000:]


# LDAP_SERVER_SD_FLAGS_OID with DACL_SECURITY_INFORMATION (4) as its value in BER
_ACL_ONLY = ("1.2.840.113556.1.4.801", True, b"\x30\x03\x02\x01\x04")


@contextlib.contextmanager
def running() -> t.Iterator[Domain]:
    """Yield a domain with its OUs, empty of people and groups."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="rollcall-samba-"))
    domain = None
    try:
        domain = Domain(folder)
        domain.start()
        domain.populate()
        yield domain
    finally:
        if domain:
            domain.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _program(name: str) -> str:
    found = shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")
    assert found, f"there is no {name}: make test-servers installs the Debian packages samba and samba-ad-provision"
    return found

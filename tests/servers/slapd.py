# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real OpenLDAP server (slapd) of our own: two ports, a certificate, a service account with the rights it needs."""

from __future__ import annotations

import contextlib
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
import typing as t

import ldap3
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY
from ansible_collections.rollcall.access.tests.servers.certificates import Files, certificates

ROOT = "dc=acme,dc=example"
PEOPLE, GROUPS, LEAVERS, SERVICES = (f"ou={name},{ROOT}" for name in ("people", "groups", "leavers", "services"))
SERVICE = f"cn=rollcall,{SERVICES}"
ADMIN = f"cn=admin,{ROOT}"
NOBODY = f"cn=nobody,{SERVICES}"
_ADMIN_PASSWORD = "fixture"

_CONFIGURATION = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
include /etc/ldap/schema/inetorgperson.schema
attributetype ( 2.16.840.1.113730.3.1.610 NAME 'nsAccountLock' EQUALITY caseIgnoreMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
objectclass ( 1.3.6.1.4.1.99999.1 NAME 'lockable' SUP top AUXILIARY MAY nsAccountLock )
pidfile {folder}/pid
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload ppolicy
moduleload refint
moduleload memberof
{tls}
database config
rootdn cn=config
rootpw fixture
database mdb
suffix {root}
rootdn {admin}
rootpw fixture
directory {folder}/data
dbnosync
maxsize 268435456
limits dn.exact="cn=short,{services}" size=2
{overlays}
overlay ppolicy
ppolicy_default cn=policy,{services}
{access}
"""
# What many directories have: the server itself lets groups follow an entry that is moved or deleted.
_REFERENCES = f"""
overlay memberof
overlay refint
refint_attributes member uniqueMember memberOf
refint_nothing {NOBODY}
"""
_TLS = """
TLSCACertificateFile {files.authority}
TLSCertificateFile {files.certificate}
TLSCertificateKeyFile {files.key}
"""


def _access(rollcall: str) -> list[str]:
    return [
        f'to attrs=userPassword by dn.exact="{SERVICE}" {rollcall} by anonymous auth by * none',
        f'to * by dn.exact="{SERVICE}" {rollcall} by dn.exact="cn=short,{SERVICES}" read '
        f'by dn.exact="cn=blind,{SERVICES}" none by users read by * none',
    ]


class Slapd:
    """One server. ``tls=False``: it has no certificate, so it offers no StartTLS either.

    ``references``: it keeps the members of groups right by itself.
    """

    host = "127.0.0.1"

    def __init__(self, folder: pathlib.Path, *, tls: bool = True, references: bool = False) -> None:
        self.folder = folder
        self.files: Files | None = certificates(folder / "tls", self.host) if tls else None
        self.plain_port, self.tls_port = _free_ports(2)
        self._process: subprocess.Popen[bytes] | None = None
        self._admin: t.Any = None
        (folder / "data").mkdir()
        (folder / "config").mkdir()
        access = "\n".join(f"access {rule}" for rule in _access("manage"))
        text = _CONFIGURATION.format(
            folder=folder,
            root=ROOT,
            admin=ADMIN,
            services=SERVICES,
            access=access,
            overlays=_REFERENCES if references else "",
            tls=_TLS.format(files=self.files) if self.files else "",
        )
        (folder / "slapd.conf").write_text(text)
        words = [_program("slaptest"), "-f", str(folder / "slapd.conf"), "-F", str(folder / "config"), "-Q"]
        # It writes the configuration and then complains about the database, which is not there yet.
        done = subprocess.run(words, check=False, timeout=30, capture_output=True, text=True)
        assert (folder / "config/cn=config.ldif").exists(), done.stderr

    def start(self) -> None:
        urls = [f"ldap://{self.host}:{self.plain_port}"]
        if self.files:
            urls.append(f"ldaps://{self.host}:{self.tls_port}")
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [_program("slapd"), "-d", "0", "-F", str(self.folder / "config"), "-h", " ".join(urls)],
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + 20
        while True:
            try:
                socket.create_connection((self.host, self.plain_port), 1).close()
                return
            except OSError:
                assert self._process.poll() is None, (self.folder / "log").read_text()
                assert time.monotonic() < end, "slapd does not come up"
                time.sleep(0.05)

    def stop(self) -> None:
        self._admin = None
        if self._process:
            self._process.terminate()
            self._process.wait(20)
            self._process = None

    # Looking into it and changing it, past the connector

    @property
    def admin(self) -> t.Any:
        if self._admin is None:
            self._admin = self.signed_in(ADMIN, _ADMIN_PASSWORD)
        return self._admin

    def signed_in(self, name: str, password: str) -> t.Any:
        server = ldap3.Server(self.host, self.plain_port, get_info=ldap3.NONE)
        return ldap3.Connection(
            server, name, password, auto_bind=True, check_names=False, auto_range=False, raise_exceptions=True
        )

    def add(self, dn: str, object_classes: t.Sequence[str], **attributes: t.Any) -> None:
        self.admin.add(dn, list(object_classes), {k: v for k, v in attributes.items() if v})

    def replace(self, dn: str, **attributes: t.Any) -> None:
        self.admin.modify(dn, {name: [("MODIFY_REPLACE", values)] for name, values in attributes.items()})

    def entries(
        self, base: str, filter: str = "(objectClass=*)", scope: str = "SUBTREE"
    ) -> dict[str, dict[str, t.Any]]:
        """Return DN -> attribute -> values as texts, the operational ones too."""
        self.admin.search(base, filter, scope, attributes=["*", "+"])
        return {
            one["dn"]: {k: [v.decode() for v in values] for k, values in one["raw_attributes"].items()}
            for one in self.admin.response
        }

    def populate(self) -> None:
        """Put in what is there from the start."""
        self.add(ROOT, ["dcObject", "organization"], dc="acme", o="Acme")
        for dn in (PEOPLE, GROUPS, LEAVERS, SERVICES):
            self.add(dn, ["organizationalUnit"])
        for name in ("rollcall", "short", "blind", "other"):
            roles = ["organizationalRole", "simpleSecurityObject"]
            self.add(f"cn={name},{SERVICES}", roles, userPassword=CANARY)
        self.add(NOBODY, ["organizationalRole"])
        self.add(
            f"cn=policy,{SERVICES}", ["organizationalRole", "pwdPolicy"], pwdAttribute="userPassword", pwdLockout="TRUE"
        )

    def empty(self) -> None:
        for base in (GROUPS, PEOPLE, LEAVERS):
            names = [dn for dn in self.entries(base) if dn != base]
            for dn in sorted(names, key=len, reverse=True):
                self.admin.delete(dn)

    def rights(self, level: str) -> None:
        """Give the service account these rights everywhere: manage, read, disclose."""
        config = self.signed_in("cn=config", "fixture")
        config.search("cn=config", "(olcSuffix=*)", attributes=["1.1"])
        config.modify(config.response[0]["dn"], {"olcAccess": [("MODIFY_REPLACE", _access(level))]})
        config.unbind()

    def password_of(self, name: str, password: str) -> None:
        self.replace(name, userPassword=[password])


@contextlib.contextmanager
def running(*, tls: bool = True, references: bool = False) -> t.Iterator[Slapd]:
    """Yield a server that is populated and empty of people and groups."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="rollcall-slapd-"))
    server = Slapd(folder, tls=tls, references=references)
    try:
        server.start()
        server.populate()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _unused in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def _program(name: str) -> str:
    found = shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")
    assert found, f"there is no {name}: make test-servers installs the Debian package slapd"
    return found

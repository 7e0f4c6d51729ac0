# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OpenLDAP: the connector for any directory, on a real slapd."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY, ODD, ProductCase, Seen
from ansible_collections.rollcall.access.tests.servers import slapd
from ansible_collections.rollcall.access.tests.servers.slapd import GROUPS, LEAVERS, NOBODY, PEOPLE, SERVICE, Slapd

LOCKED = "000001010000Z"


def escaped(value: str) -> str:
    """Return a value inside a DN, every character that may mean something as its bytes."""
    return "".join(c if c.isalnum() and c.isascii() else "".join(f"\\{b:02x}" for b in c.encode()) for c in value)


class Server:
    """A slapd with the groups of the case. It is not spoken to by HTTP."""

    port = 0

    def __init__(self, server: Slapd) -> None:
        self.slapd = server

    def connection(self, port: int) -> dict[str, t.Any]:
        return {
            "url": f"ldaps://{self.slapd.host}:{self.slapd.tls_port}",
            "ca_file": str(self.slapd.files.authority) if self.slapd.files else "",
            "bind_dn": SERVICE,
            "password": CANARY,
            "user_base": PEOPLE,
            "group_base": GROUPS,
            "leavers_ou": LEAVERS,
            "home_attribute": "seeAlso",
            "suspend_by": "password_policy",
            "placeholder_member": NOBODY,
        }

    def reset(self) -> None:
        self.slapd.rights("manage")
        self.slapd.password_of(SERVICE, CANARY)
        self.slapd.empty()
        self.slapd.add(f"cn=quota,{GROUPS}", ["groupOfNames"], member=NOBODY)
        self.slapd.add(f"cn={escaped(ODD)},{GROUPS}", ["groupOfNames"], member=NOBODY)
        self.slapd.add(f"cn=crew,{GROUPS}", ["groupOfUniqueNames"], uniqueMember=NOBODY)
        self.slapd.add(f"cn=unix,{GROUPS}", ["posixGroup"], gidNumber="4711")

    def fill(self, people: int) -> list[str]:
        ids = []
        for number in range(people):
            dn = f"uid=p{number},{PEOPLE}"
            self.person(dn, f"p{number}", f"p{number}@acme.example", f"e{number}", f"Given{number}", f"Family{number}")
            ids.append(self.id_of(dn))
        return ids

    def person(
        self, dn: str, uid: str, mail: str, number: str = "", given: str = "Ada", family: str = "Lovelace"
    ) -> str:
        self.slapd.add(
            dn,
            ["inetOrgPerson"],
            uid=uid,
            mail=mail,
            employeeNumber=number,
            givenName=given,
            sn=family,
            cn=f"{given} {family}",
        )
        return self.id_of(dn)

    def id_of(self, dn: str) -> str:
        return str(next(iter(self.slapd.entries(dn, scope="BASE").values()))["entryUUID"][0])

    def dn_of(self, id: str) -> str:
        return next(iter(self.slapd.entries(slapd.ROOT, f"(entryUUID={id})")))

    def accounts(self) -> dict[str, Seen]:
        groups = self.slapd.entries(GROUPS, "(|(member=*)(uniqueMember=*)(memberUid=*))")
        found = {}
        for dn, entry in self.slapd.entries(slapd.ROOT, "(objectClass=inetOrgPerson)").items():
            names = {dn.lower()}
            has = {
                group["cn"][0]
                for group in groups.values()
                if names & {name.lower() for kind in ("member", "uniqueMember") for name in group.get(kind, [])}
                or entry["uid"][0] in group.get("memberUid", [])
            }
            found[entry["entryUUID"][0]] = Seen(
                email=entry.get("mail", [""])[0],
                username=entry["uid"][0],
                state="suspended" if entry.get("pwdAccountLockedTime") == [LOCKED] else "active",
                has=frozenset(has),
            )
        return found

    def rename(self, id: str, email: str) -> None:
        self.slapd.replace(self.dn_of(id), mail=[email])

    def revoke_credentials(self) -> None:
        self.slapd.password_of(SERVICE, "another one")
        self.slapd.stop()  # who is signed in stays so until the connection ends
        self.slapd.start()

    def take_scope(self, write: bool) -> str:
        self.slapd.rights("read" if write else "disclose")
        return "the right to" if write else "the right to read"


class OpenLdapCase(ProductCase):
    system = "OpenLDAP and other LDAP directories"
    connector = "ldap"
    tested = "against a real slapd 2.5 (Debian package) over LDAPS, with its password policy overlay"
    options: t.ClassVar[t.Mapping[str, t.Any]] = {"page_size": 3}
    entitlements = (
        Entitlement("quota", "group", "quota"),
        Entitlement("odd", "team", ODD),
        Entitlement("crew", "group", "crew"),
        Entitlement("unix", "permission", "unix"),
        Entitlement("gone", "group", "there is no such group"),
    )
    adding = ("quota", "odd", "crew", "unix")
    missing = "gone"
    without: t.ClassVar[t.Mapping[str, str]] = {
        "limit_seats": "a directory has no seats",
        "invite": "a directory has no invitations",
        "make_sole_owner": "a directory has no last owner whom it keeps",
        "sign_in": "a directory has no sessions and no tokens",
        "live_credentials": "a directory has no sessions and no tokens",
        "give_property": "nothing in a directory belongs to an account",
        "owner_of_property": "nothing in a directory belongs to an account",
        "missing_page": "pages follow one another by the server's cookie, and their number is not told",
        "page_twice": "no proxy stands before a server that does not speak HTTP",
    }

    @contextlib.contextmanager
    def start(self) -> t.Iterator[Server]:
        with slapd.running() as server:
            yield Server(server)

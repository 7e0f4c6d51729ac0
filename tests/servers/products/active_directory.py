# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Active Directory, played by Samba: a domain controller with its own password policy, over LDAPS."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY, ODD, ProductCase, Seen
from ansible_collections.rollcall.access.tests.servers import samba_domain
from ansible_collections.rollcall.access.tests.servers.products.openldap import escaped
from ansible_collections.rollcall.access.tests.servers.samba_domain import (
    GROUPS,
    LEAVERS,
    PEOPLE,
    SERVICE,
    SERVICE_DN,
    Domain,
)

KNOWN = "A-Passw0rd-that-somebody-knows"


class Server:
    """A domain with the groups of the case. It is not spoken to by HTTP."""

    port = 0

    def __init__(self, domain: Domain) -> None:
        self.domain = domain

    def connection(self, port: int) -> dict[str, t.Any]:
        return {
            "url": f"ldaps://{self.domain.host}",
            "ca_file": str(self.domain.files.authority),
            "bind_dn": SERVICE,
            "password": CANARY,
            "user_base": PEOPLE,
            "leavers_ou": LEAVERS,
            "home_attribute": "seeAlso",
        }

    def reset(self) -> None:
        self.domain.rights("all")
        self.domain.password_of(SERVICE_DN, CANARY)
        self.domain.empty()
        self.domain.add(f"CN=quota,{GROUPS}", "group", sAMAccountName="quota")
        self.domain.add(f"CN={escaped(ODD)},{GROUPS}", "group", sAMAccountName="odd-one")

    def fill(self, people: int) -> list[str]:
        return [
            self.domain.person(
                f"CN=Given{n} Family{n},{PEOPLE}",
                f"p{n}",
                mail=f"p{n}@acme.example",
                employeeID=f"e{n}",
                givenName=f"Given{n}",
                sn=f"Family{n}",
                displayName=f"Given{n} Family{n}",
            )
            for n in range(people)
        ]

    def dn_of(self, id: str) -> str:
        found = [dn for base in (PEOPLE, LEAVERS) for dn in self.domain.entries(base, "(objectClass=user)")]
        return next(dn for dn in found if self.domain.id_of(dn) == id)

    def accounts(self) -> dict[str, Seen]:
        found = {}
        groups = {
            dn.lower(): entry["cn"][0].decode()
            for dn, entry in self.domain.entries(samba_domain.ROOT, "(objectClass=group)").items()
        }
        for base in (PEOPLE, LEAVERS):
            for entry in self.domain.entries(base, "(objectClass=user)").values():
                guid = entry["objectGUID"][0]
                a, b, c, rest = guid[3::-1].hex(), guid[5:3:-1].hex(), guid[7:5:-1].hex(), guid[8:].hex()
                has = {groups[name.decode().lower()] for name in entry.get("memberOf", [])}
                found[f"{a}-{b}-{c}-{rest[:4]}-{rest[4:]}"] = Seen(
                    email=entry.get("mail", [b""])[0].decode(),
                    username=entry["sAMAccountName"][0].decode(),
                    state="suspended" if int(entry["userAccountControl"][0]) & 2 else "active",
                    has=frozenset(has | {"Domain Users"}),
                )
        return found

    def rename(self, id: str, email: str) -> None:
        self.domain.replace(self.dn_of(id), mail=[email])

    def revoke_credentials(self) -> None:
        self.domain.password_of(SERVICE_DN, "Another-Passw0rd-1")
        self.domain.password_of(SERVICE_DN, "Another-Passw0rd-2")
        self.domain.stop()  # who is signed in stays so until the connection ends
        self.domain.start()

    def take_scope(self, write: bool) -> str:
        self.domain.rights("read" if write else "none")
        return "the right to write member of" if write else "the right to read"

    def sign_in(self, id: str) -> None:
        self.domain.password_of(self.dn_of(id), KNOWN)

    def live_credentials(self, id: str) -> int:
        name = self.accounts()[id].username
        return int(self.domain.lets_in(f"{name}@{samba_domain.DOMAIN}", KNOWN))


class ActiveDirectoryCase(ProductCase):
    system = "Active Directory"
    connector = "active_directory"
    tested = "against a real Samba 4.17 domain controller (Debian package) over LDAPS; no Windows server was at hand"
    options: t.ClassVar[t.Mapping[str, t.Any]] = {"page_size": 3}
    entitlements = (
        Entitlement("quota", "group", "quota"),
        Entitlement("odd", "team", ODD),
        Entitlement("gone", "group", "there is no such group"),
        Entitlement("everybody", "group", "Domain Users"),
    )
    adding = ("quota", "odd")
    missing = "gone"
    without: t.ClassVar[t.Mapping[str, str]] = {
        "limit_seats": "a domain has no seats",
        "invite": "a domain has no invitations",
        "make_sole_owner": "a domain keeps no last owner: protected accounts are refused by rights, tested apart",
        "give_property": "nothing in a directory belongs to an account",
        "owner_of_property": "nothing in a directory belongs to an account",
        "missing_page": "pages follow one another by the server's cookie, and their number is not told",
        "page_twice": "no proxy stands before a server that does not speak HTTP",
    }

    @contextlib.contextmanager
    def start(self) -> t.Iterator[Server]:
        with samba_domain.running() as domain:
            yield Server(domain)

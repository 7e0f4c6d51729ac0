# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The people and groups of a SCIM fake: what the suite asks of a ``Server``, looked at past HTTP."""

from __future__ import annotations

import copy
import threading
import typing as t

from .product_case import CANARY, Seen
from .scim_profile import Body, Profile


class People:
    """Mixed into the fake, which serves them. Ids are those of the users."""

    profile: t.ClassVar[Profile] = Profile()
    groups: t.ClassVar[tuple[str, ...]] = ()
    base: t.ClassVar[str] = "/scim/v2"
    problems: list[str]
    lock: threading.RLock

    # ---- the product's own

    def words(self, user: Body) -> set[str]:
        """Return what an account has in its own attributes, in the app's words."""
        return {role["value"] for role in user.get("roles", [])}

    def newcomer(self, user: Body) -> Body:
        """Return a user as it is after it was made: with the role that everybody gets, for example."""
        return user

    def email(self, user: Body) -> str:
        emails = user.get("emails") or [{"value": user["userName"]}]
        return str(next((e for e in emails if e.get("primary")), emails[0])["value"])

    # ---- what the suite asks

    def connection(self, port: int) -> dict[str, t.Any]:
        return {"base_url": f"http://127.0.0.1:{port}{self.base}", "token": CANARY}

    def reset(self) -> None:
        self.users: dict[str, Body] = {}
        self.members: dict[str, set[str]] = {name: set() for name in self.groups}
        self.group_ids = {name: f"G{n}" for n, name in enumerate(self.groups, 1)}
        self.seats: int | None = None
        self.expired = False
        self.number = 0
        self.problems.clear()

    def fill(self, people: int) -> list[str]:
        return [self.add(self.person(n)) for n in range(people)]

    def person(self, n: int) -> Body:
        email = f"p{n}@acme.example"
        person = {
            "userName": f"p{n}",
            "externalId": f"e{n}",
            "displayName": f"Given{n} Family{n}",
            "name": {"givenName": f"Given{n}", "familyName": f"Family{n}"},
            "emails": [{"value": email, "type": "work", "primary": True}],
            "active": True,
        }
        if not self.profile.external_ids:
            del person["externalId"]
        return person

    def add(self, user: Body) -> str:
        self.number += 1
        key = f"U{self.number:04d}"
        schemas = ["urn:ietf:params:scim:schemas:core:2.0:User"]
        self.users[key] = self.newcomer({"schemas": schemas, **copy.deepcopy(user), "id": key})
        return key

    def accounts(self) -> dict[str, Seen]:
        with self.lock:
            return {
                key: Seen(
                    email=self.email(user),
                    username=user["userName"],
                    state="active" if user.get("active", True) else "suspended",
                    has=frozenset(self.words(user) | {name for name, ids in self.members.items() if key in ids}),
                )
                for key, user in self.users.items()
            }

    def rename(self, id: str, email: str) -> None:
        user = self.users[id]
        if "@" in user["userName"]:
            user["userName"] = email
        for entry in user.get("emails", []):
            entry["value"] = email

    def revoke_credentials(self) -> None:
        self.expired = True

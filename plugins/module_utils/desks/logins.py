# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is who at a desk that knows people by login, and shows their addresses to nobody or to few."""

from __future__ import annotations

import typing as t


class Logins:
    """Addresses and logins, as the option ``people`` of a desk has them (address -> login), and as they are learned."""

    def __init__(self, given: t.Mapping[str, str]) -> None:
        self._logins: dict[str, str] = {}
        self._addresses: dict[str, str] = {}
        for address, login in given.items():
            self.learn(address, login)

    def learn(self, address: str, login: str) -> None:
        """Keep that they belong together; the first address that a login came with is the one that is shown."""
        self._logins[address.strip().casefold()] = login.strip().removeprefix("@")
        self._addresses.setdefault(login.strip().removeprefix("@").casefold(), address.strip())

    def login(self, address: str) -> str:
        """Return the login, or "" where nothing is known."""
        return self._logins.get(address.strip().casefold(), "")

    def address(self, login: str) -> str:
        """Return the address, or "" where nothing is known."""
        return self._addresses.get(login.casefold(), "")

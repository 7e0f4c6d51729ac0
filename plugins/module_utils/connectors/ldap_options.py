# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a directory's entry in the catalog says: where accounts and groups are, and what their attributes are called."""

from __future__ import annotations

import dataclasses
import typing as t

from ..errors import PolicyError, SettingsError
from ..protocols.directory_connection import DirectoryAddress
from ..protocols.directory_names import is_below
from ..protocols.options import Options

#: How to reach a directory: the options of every connector that speaks LDAP.
REACHING: t.Mapping[str, str] = {
    "url": "required",
    "bind_dn": "required",
    "password": "secret",
    "start_tls": "optional",
    "ca_file": "optional",
    "connect_timeout": "optional",
    "read_timeout": "optional",
    "page_size": "optional",
}
#: Where things are, and what happens to those who leave.
PLACES: t.Mapping[str, str] = {
    "user_base": "required",
    "group_base": "optional",
    "user_filter": "optional",
    "home_ou": "optional",
    "leavers_ou": "optional",
    "home_attribute": "optional",
    "external_id_attribute": "optional",
}


@dataclasses.dataclass(frozen=True)
class Attributes:
    """What the attributes of an account are called; the empty text where there is none."""

    id: str
    username: str
    email: str
    external_id: str
    given_name: str
    family_name: str
    name: str
    created: str
    last_used: str = ""

    def field(self, name: str) -> str:
        """Return the attribute of a field of Account."""
        return str(getattr(self, name))


@dataclasses.dataclass(frozen=True)
class Places:
    """Where accounts and groups are. ``home`` is where new accounts go, and where those who return go."""

    user_base: str
    group_base: str
    home: str
    leavers: str
    home_attribute: str

    @property
    def bases(self) -> list[str]:
        """Where accounts are looked for: the place for leavers too, where it is somewhere else."""
        apart = self.leavers and not is_below(self.leavers, self.user_base)
        return [self.user_base, self.leavers] if apart else [self.user_base]


def address_of(app: str, options: Options) -> DirectoryAddress:
    """Return where the directory is and who signs in. Raises PolicyError for what cannot be used."""
    start_tls = options.flag("start_tls", True)
    said = start_tls == options.flag("start_tls", False)  # both agree only where the catalog says something
    try:
        return DirectoryAddress(
            url=options.text("url").strip(),
            bind_dn=options.text("bind_dn"),
            password=options.text("password"),
            start_tls=start_tls if said else None,
            ca_file=str(options.path("ca_file") or ""),
            connect_timeout=options.number("connect_timeout", 10.0, least=0.1) or 10.0,
            read_timeout=options.number("read_timeout", 60.0, least=0.1) or 60.0,
        )
    except SettingsError as error:
        raise PolicyError(error.message, where=f"app {app}, connection", todo=error.todo) from error


def page_size_of(options: Options) -> int:
    return int(options.number("page_size", 500, least=1) or 500)


def places_of(app: str, options: Options, *, group_base: str) -> Places:
    """Return where things are. Raises PolicyError where nobody could say where a leaver would return to."""
    user_base, leavers = options.text("user_base").strip(), options.text("leavers_ou").strip()
    home, remembered = options.text("home_ou").strip(), options.text("home_attribute").strip()
    if leavers and not home and not remembered:
        raise PolicyError(
            "accounts are to be moved to leavers_ou, and nothing says where they return to",
            where=f"app {app}, connection.leavers_ou",
            todo="Set home_ou, where they all return to, or home_attribute, in which each keeps where it was (seeAlso)",
        )
    if leavers and home and is_below(home, leavers):
        raise PolicyError("home_ou is within leavers_ou", where=f"app {app}, connection.home_ou")
    return Places(user_base, options.text("group_base", group_base).strip(), home or user_base, leavers, remembered)


def words(app: str, connection: t.Mapping[str, t.Any], name: str, default: t.Sequence[str]) -> list[str]:
    """Return an option that is a list of words, also written as one text with commas."""
    value = connection.get(name)
    if value is None:
        return list(default)
    found = value.split(",") if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(word, str) and word.strip() for word in found):
        raise PolicyError("expected words", where=f"app {app}, connection.{name}")
    return [word.strip() for word in found]

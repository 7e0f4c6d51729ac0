# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Active Directory, and Samba as its domain controller, over LDAP."""

from __future__ import annotations

import datetime as dt
import secrets
import string
import typing as t
import uuid

from ...errors import AppError, Conflict, NotFound, Refused, Transient
from ...protocols import directory_answers as answers
from ...protocols.directory_entry import Entry
from ...protocols.directory_names import below, equals, folded, own_value, relative_name, split_name
from ...protocols.options import Options
from ..contract import Account, NewAccount
from ..ldap import LdapConnector
from ..ldap_options import PLACES, REACHING, Attributes, places_of
from .active_directory_groups import ActiveDirectoryGroups

_DISABLED = 0x2
_NORMAL_ACCOUNT = 0x200
_TRIES = 3  # of a change of the bits that somebody else's change overtakes
_LONGEST_USERNAME = 20
_FORBIDDEN = frozenset('"/\\[]:;|=,+*?<>@')
_LONGEST_COMMON_NAME = 64
_PASSWORD_LENGTH = 40
# No referrals to other domains and partitions, which a search from the top of a domain brings: one domain, one app.
# https://learn.microsoft.com/en-us/previous-versions/windows/desktop/ldap/ldap-server-domain-scope-oid
_DOMAIN_SCOPE = ("1.2.840.113556.1.4.1339", True, None)


class ActiveDirectory(LdapConnector):
    """Active Directory: accounts, groups, disabling, and an OU for leavers.

    Suspending sets one bit of userAccountControl and moves the account where the catalog names a place for leavers;
    groups stay. A new account gets a random password that nobody ever sees. Samba's domain controllers do the same.

    Source: https://support.microsoft.com/kb/305144/en-us
    Source: https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-adts/6e803168-f140-4d23-b2d3-c3a8ab5917d2
    Source: https://learn.microsoft.com/en-us/windows/win32/adschema/a-samaccountname
    Source: https://learn.microsoft.com/en-us/windows-server/identity/ad-ds (security best practices, appendix C)
    """

    name = "active_directory"
    options: t.ClassVar[t.Mapping[str, str]] = {**REACHING, **PLACES, "upn_suffix": "optional"}
    controls = (_DOMAIN_SCOPE,)

    def _prepare(self, options: Options) -> None:
        domain = [part for part in split_name(options.text("user_base")) if part.lower().startswith("dc=")]
        if not domain:
            raise options.wrong("user_base", "a DN that ends with the domain, dc=example,dc=org")
        self._places = places_of(self.app.key, options, group_base=",".join(domain))
        self._filter = options.text("user_filter", "(&(objectCategory=person)(objectClass=user))").strip()
        self._attributes = Attributes(
            id="objectGUID",
            username="sAMAccountName",
            email="mail",
            external_id=options.text("external_id_attribute", "employeeID"),
            given_name="givenName",
            family_name="sn",
            name="displayName",
            created="whenCreated",
            last_used="lastLogonTimestamp",
        )
        self._begun: set[NewAccount] = set()
        self._suffix = options.text("upn_suffix", ".".join(part[3:] for part in domain)).lstrip("@")
        self._groups = ActiveDirectoryGroups(
            self._directory, self._places.group_base, self._attributes.username, nested=True
        )

    def _can_suspend(self) -> bool:
        return True

    # Reading

    def _asked_for(self) -> list[str]:
        more = ["userAccountControl", "primaryGroupID", "objectSid", "memberOf", "adminCount", "userPrincipalName"]
        return sorted({*super()._asked_for(), *more, "pwdLastSet"} - {"gidNumber"})

    def _id_of(self, entry: Entry) -> str:
        return entry.guid("objectGUID")

    def _id_filter(self, id: str) -> str:
        try:
            return equals("objectGUID", uuid.UUID(id).bytes_le)
        except ValueError:
            return ""

    def _is_suspended(self, entry: Entry, where: str) -> bool:
        return bool(self._bits(entry, where) & _DISABLED)

    def _last_used(self, entry: Entry) -> dt.datetime | None:
        return entry.filetime("lastLogonTimestamp")

    @staticmethod
    def _bits(entry: Entry, where: str) -> int:
        bits = entry.number("userAccountControl")
        if bits is None:
            raise Refused(
                f"{entry.dn} shows no userAccountControl: the right to read it is missing",
                where=where,
                todo="Give bind_dn the right to read all properties of the accounts",
            )
        return bits

    # Making and changing

    def _check_new(self, new: NewAccount, where: str) -> None:
        super()._check_new(new, where)
        check_username(new.username, where)

    def _add(self, new: NewAccount, where: str) -> Entry:
        """Add it disabled, give it a password, enable it: no moment at which somebody could sign in without one."""
        values: dict[str, list[str]] = {
            "objectClass": ["top", "person", "organizationalPerson", "user"],
            "userAccountControl": [str(_NORMAL_ACCOUNT | _DISABLED)],
            "userPrincipalName": [f"{new.username}@{self._suffix}"],
        }
        for field in ("username", "email", "external_id", "given_name", "family_name", "name"):
            if getattr(new, field):
                values[self._attributes.field(field)] = [getattr(new, field)]
        self._begun.add(new)
        dn = self._add_under_free_name(new, values, where)
        entry = self._just_made(dn, where)
        self._set_password(entry, where)
        self._set_disabled(entry, False, where)
        return self._just_made(dn, where)

    def _own_entry(self, new: NewAccount, where: str) -> Entry | None:
        entry = super()._own_entry(new, where)
        if entry is not None and new in self._begun and self._enable(entry, where):
            return self._again(entry, where)  # making it had been broken off
        return entry

    def _add_under_free_name(self, new: NewAccount, values: dict[str, list[str]], where: str) -> str:
        """Add the entry; the common name, which two people may share, has the user name in it where it is taken."""
        name = (new.name or f"{new.given_name} {new.family_name}").strip() or new.username
        tail = f" ({new.username})"
        for common_name in (name[:_LONGEST_COMMON_NAME], name[: _LONGEST_COMMON_NAME - len(tail)] + tail):
            dn = below(relative_name("CN", common_name.strip()), self._places.home)
            if self._directory.read(dn, ["1.1"], where=where) is None:
                try:
                    self._directory.add(dn, values, where=where)
                    return dn
                except NotFound as error:
                    raise NotFound(f"the place for new accounts is not there ({error.message})", where=where) from None
        raise Conflict(
            f"there is an entry {dn} already, which is another one's", where=where, todo="Give the person another name"
        )

    def _set_password(self, entry: Entry, where: str) -> None:
        names = [entry.text("sAMAccountName"), entry.text("displayName"), entry.text("givenName"), entry.text("sn")]
        quoted = f'"{new_password(names)}"'.encode("utf-16-le")
        self._directory.modify(entry.dn, [("replace", "unicodePwd", [quoted])], where=where)

    def _check_changes(self, entry: Entry, values: t.Mapping[str, str], where: str) -> None:
        if "sAMAccountName" in values:
            check_username(values["sAMAccountName"], where)

    def _with_consequences(self, entry: Entry, values: t.Mapping[str, str]) -> dict[str, str]:
        """The name for signing in follows the user name where it was made from it; the common name stays."""
        changed = dict(values)
        before, sign, suffix = entry.text("userPrincipalName").partition("@")
        if "sAMAccountName" in values and sign and folded(before) == folded(entry.text("sAMAccountName")):
            changed["userPrincipalName"] = f"{values['sAMAccountName']}@{suffix}"
        return changed

    def end_sessions(self, account: Account) -> bool:
        """Set a random password, twice: the old one, and what is kept of it anywhere, opens nothing new.

        Twice, because for an hour a domain controller lets the password before the present one in over NTLM.
        Source: https://support.microsoft.com/kb/906305/en-us

        Kerberos tickets that were issued already cannot be called back: they are good until they expire (10 hours by
        default). While the account is disabled a domain controller issues no new ones.
        Source: https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-kile/e19be8b8-9130-40a4-9cd1-92d0cbd46a51
        """
        where = self.where("end_sessions", account)
        entry = self._entry(account, where)

        def reset() -> bool:
            self._set_password(entry, where)
            self._set_password(entry, where)
            return True

        return self._said_clearly(entry, reset)

    # Leaving and returning

    def _leave(self, entry: Entry, where: str) -> bool:
        disabled = self._set_disabled(entry, True, where)
        return (super()._leave(entry, where) if self._places.leavers else False) or disabled

    def _return(self, entry: Entry, where: str) -> bool:
        moved = super()._return(entry, where) if self._places.leavers else False
        return self._enable(self._again(entry, where), where) or moved

    def _move(self, entry: Entry, relative: str, parent: str, where: str) -> str:
        """Move an entry; where another one has its common name there, the user name goes behind it."""
        tail = f" ({entry.text('sAMAccountName')})"
        try:
            return super()._move(entry, relative, parent, where)
        except Conflict:
            name = own_value(entry.dn)
            if name.endswith(tail):
                raise
        longer = name[: _LONGEST_COMMON_NAME - len(tail)] + tail
        return super()._move(entry, relative_name("CN", longer), parent, where)

    def _lock_changes(self, entry: Entry, suspended: bool, where: str) -> list[t.Any]:
        return []

    def _enable(self, entry: Entry, where: str) -> bool:
        # An account that has no password yet (making it ended half-way) would be open to everybody. One whose password
        # must be changed at the next sign-in looks the same, and gets a new one too.
        if self._is_suspended(entry, where) and entry.number("pwdLastSet") == 0:
            self._set_password(entry, where)
        return self._set_disabled(entry, False, where)

    def _set_disabled(self, entry: Entry, disabled: bool, where: str) -> bool:
        """Set or clear one bit, and only if the others are what they were when they were read."""
        for _unused in range(_TRIES):
            bits = self._bits(entry, where)
            wanted = bits | _DISABLED if disabled else bits & ~_DISABLED
            if wanted == bits:
                return False
            try:
                self._directory.modify(
                    entry.dn,
                    [("delete", "userAccountControl", [str(bits)]), ("add", "userAccountControl", [str(wanted)])],
                    where=where,
                )
                return True
            except Refused as error:
                if error.details.get("ldap") != answers.NO_SUCH_ATTRIBUTE:
                    raise
            entry = self._again(entry, where)
        raise Transient(f"userAccountControl was changed by somebody else {_TRIES} times meanwhile", where=where)

    # Saying why

    def _refusal(self, entry: Entry, error: Refused) -> AppError:
        if entry.number("adminCount") != 1:
            return error
        return Refused(
            f"{error.message}. The account is or was an administrator (adminCount is 1), and AdminSDHolder keeps rights"
            " that were delegated on an OU away from such accounts",
            where=error.where,
            todo="Let a domain administrator do it, or take the account out of the protected groups, clear adminCount"
            " and switch inheritance of rights on again",
            **error.details,
        )


def check_username(username: str, where: str) -> None:
    """Raise Refused for what sAMAccountName cannot be.

    Source: https://learn.microsoft.com/en-us/windows/win32/adschema/a-samaccountname (20 characters, and which not)
    """
    wrong = sorted({c for c in username if c in _FORBIDDEN or not c.isprintable()})
    reason = ""
    if len(username) > _LONGEST_USERNAME:
        reason = f"it has {len(username)} characters, and {_LONGEST_USERNAME} is the most"
    elif wrong:
        reason = "it must not have " + " ".join(wrong)
    elif username.endswith("."):
        reason = "it must not end with a full stop"
    if reason:
        raise Refused(
            f"{username!r} cannot be a user name in Active Directory: {reason}",
            where=where,
            todo="Set account_name of the app in the catalog so that names are shorter or plainer",
        )


def new_password(names: t.Sequence[str]) -> str:
    """Return a random password that every complexity rule takes: four kinds of characters, no part of a name in it."""
    parts = {part.casefold() for name in names for part in name.replace(".", " ").split() if len(part) > 2}
    kinds = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "!#%&()*+-./:;<=>?@[]^_{|}~")
    while True:
        password = "".join(secrets.choice("".join(kinds)) for _unused in range(_PASSWORD_LENGTH))
        if all(set(kind) & set(password) for kind in kinds) and not any(p in password.casefold() for p in parts):
            return password

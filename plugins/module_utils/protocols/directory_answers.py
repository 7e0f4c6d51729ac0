# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a directory's answers mean: LDAP's result codes as the errors of ``errors.py``.

Sources: https://www.rfc-editor.org/rfc/rfc4511#appendix-A, and for the words of Active Directory
https://learn.microsoft.com/en-us/windows/win32/debug/system-error-codes
"""

from __future__ import annotations

import re
import typing as t

from ..errors import AppError, Broken, Conflict, NotFound, Refused, Transient

SUCCESS = 0
NO_SUCH_ATTRIBUTE = 16
ATTRIBUTE_OR_VALUE_EXISTS = 20
NO_SUCH_OBJECT = 32
INSUFFICIENT_ACCESS_RIGHTS = 50
UNWILLING_TO_PERFORM = 53
OBJECT_CLASS_VIOLATION = 65
ENTRY_ALREADY_EXISTS = 68

# Active Directory says in hexadecimal, after "data", why a sign-in failed.
_SIGN_IN: t.Mapping[str, str] = {
    "525": "there is no such account",
    "52e": "the password is wrong",
    "530": "the account may not sign in at this hour",
    "531": "the account may not sign in from this machine",
    "532": "the password has expired",
    "533": "the account is disabled",
    "701": "the account has expired",
    "773": "the password must be changed first",
    "775": "the account is locked out",
}


def sign_in_error(code: int, message: str, bind_dn: str, where: str) -> AppError:
    """Return the error for a bind that was refused with this result."""
    if code in (51, 52):
        return Transient(f"the directory is busy or not available now{_said(message)}", where=where, ldap=code)
    if code in (8, 13):
        return Refused(
            f"the directory takes no password over a connection that is not encrypted{_said(message)}",
            where=where,
            todo="Use ldaps://, or ldap:// with start_tls",
            ldap=code,
        )
    if code == 49:
        found = re.search(r"data ([0-9a-f]{3}),", message)
        why = _SIGN_IN.get(found[1], "") if found else ""
        return Refused(
            f"the directory did not accept the credentials of {bind_dn}" + (f": {why}" if why else ""),
            where=where,
            todo="See that bind_dn and password are right, and that this account may sign in",
            ldap=code,
        )
    return Refused(
        f"the directory refused the sign-in of {bind_dn} (result {code}){_said(message)}", where=where, ldap=code
    )


def error_for(code: int, message: str, *, what: str, dn: str, where: str, referrals: t.Sequence[str] = ()) -> AppError:
    """Return the error for a result that is not success.

    ``what`` is what was tried, as a right is called ("read", "write member of", ...), ``dn`` on what. The error's
    ``details`` have the code as ``ldap``.
    """
    said = _said(message)
    known: dict[str, t.Any] = {"where": where, "ldap": code}
    if code == INSUFFICIENT_ACCESS_RIGHTS:
        return Refused(
            f"the right to {what} {dn} is missing (insufficientAccessRights){said}",
            todo=f"Give the account in bind_dn the right to {what} this entry",
            **known,
        )
    if code == NO_SUCH_OBJECT:
        return NotFound(f"there is no entry {dn}, or bind_dn may not see it{said}", **known)
    if code == ENTRY_ALREADY_EXISTS:
        return Conflict(f"there is an entry {dn} already{said}", **known)
    if code in (3, 51, 52):
        why = {3: "ran out of time", 51: "is busy", 52: "is not available now"}[code]
        return Transient(f"the directory {why}{said}", **known)
    if code == 4:
        return Broken(
            f"the directory gave only a part of what is below {dn} (size limit){said}",
            todo="Let bind_dn page through all of it (OpenLDAP: limits dn.exact=... size.prtotal=unlimited)",
            **known,
        )
    if code == 11:
        return Broken(f"the directory gave up at {dn} (administrative limit){said}", **known)
    if code == 10:
        to = f" to {', '.join(referrals)}" if referrals else ""
        return Refused(
            f"the server refers{to} for {dn}: it does not hold the entry, or holds a copy that cannot be changed{said}",
            todo="Give the url of the server that holds the entries and takes changes",
            **known,
        )
    if code == 12:
        return Broken(f"the directory does not know a control that is needed (paged results){said}", **known)
    if code in (7, 8, 13):
        return Refused(
            f"the directory wants a stronger or an encrypted connection{said}",
            todo="Use ldaps://, or ldap:// with start_tls",
            **known,
        )
    if code == 1 and "bind" in message.lower():
        return Refused(f"the directory wants a sign-in first{said}", **known)
    if code in (1, 2, 80):
        return Broken(f"the directory failed at {dn} (result {code}){said}", **known)
    return Refused(f"the directory refused to {what} {dn} (result {code}){said}", **known)


def _said(message: str) -> str:
    """Return what the server said, on one line, as the tail of a message."""
    text = " ".join("".join(c if c.isprintable() else " " for c in message).split())
    return f": {text[:300]}" if text else ""

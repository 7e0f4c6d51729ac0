# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addresses: which may be called, and which of them are one place."""

from __future__ import annotations

import ipaddress
import urllib.parse

from .errors import SettingsError


def checked_url(url: str) -> str:
    """Return the address that somebody gave as base_url.

    Raises SettingsError unless it is https, or http on this machine, and holds no credentials.
    """
    todo = "Give it like https://app.example/scim/v2, with the credentials in their own option"
    try:
        parts = urllib.parse.urlsplit(url)
        host, _unused = parts.hostname or "", parts.port
    except ValueError:
        raise SettingsError("base_url is not an address", todo=todo) from None
    if parts.scheme not in ("http", "https") or not host:
        raise SettingsError("base_url is not an http address with a host", todo=todo)
    if parts.username or parts.password or parts.query or parts.fragment:
        raise SettingsError("base_url holds a user, a password or a query", todo=todo)
    if parts.scheme == "http" and not _is_loopback(host):
        raise SettingsError(f"base_url is plain http to {host}: the credentials could be read on the way", todo=todo)
    return url


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def origin(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port: two addresses that share them are one place, to which the same credentials go."""
    try:
        parts = urllib.parse.urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return ("", "", None)
    return parts.scheme, parts.hostname or "", port


def place(url: str) -> str:
    """Return what an address is called in messages: without its path, in which something secret may stand."""
    scheme, host, port = origin(url)
    return host if port in (80, 443, None) and scheme == "https" else f"{scheme}://{host}:{port}"

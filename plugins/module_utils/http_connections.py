# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connections to one place: each thread has its own, and keeps them open from one request to the next."""

from __future__ import annotations

import http.cookiejar
import threading
import typing as t
import weakref

from .libraries import library

requests = library("requests")


class Connections:
    """A session of ``requests`` for each thread that asks for one.

    All of them carry ``headers`` and ``authorization`` (the value of that header; empty: none), and show
    ``client_certificate``, the files of a certificate and its key. What the environment says about proxies holds for
    ``base_url``.
    """

    def __init__(
        self,
        base_url: str,
        headers: t.Mapping[str, str],
        authorization: str,
        client_certificate: tuple[str, str] | None,
    ) -> None:
        self._base_url = base_url
        self._headers = headers
        self._authorization = authorization
        self._client_certificate = client_certificate
        self._own = threading.local()
        self._all: weakref.WeakSet[t.Any] = weakref.WeakSet()
        self._lock = threading.Lock()

    def mine(self) -> t.Any:
        """Return this thread's session."""
        session = getattr(self._own, "session", None)
        if session is None:
            session = requests.Session()
            session.headers.update(self._headers)
            # An authentication of its own: otherwise requests puts what ~/.netrc has for the host in its place.
            session.auth = self._authenticate
            session.cert = self._client_certificate
            # Cookies would tie requests together that have nothing to do with one another.
            session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
            # All requests go to one place, so the way there is looked up in the environment once, not for each of them.
            around = session.merge_environment_settings(self._base_url, {}, None, None, None)
            session.proxies, session.trust_env = around["proxies"], False
            self._own.session = session
            with self._lock:
                self._all.add(session)
        return session

    def close(self) -> None:
        """Close the connections of every thread."""
        with self._lock:
            for session in list(self._all):
                session.close()

    def _authenticate(self, request: t.Any) -> t.Any:
        if self._authorization:
            request.headers["Authorization"] = self._authorization
        return request

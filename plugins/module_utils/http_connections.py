# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connections to one place: lent to one request at a time, and kept open for the next."""

from __future__ import annotations

import collections
import contextlib
import http.cookiejar
import os
import threading
import typing as t
import weakref

from .libraries import library

requests = library("requests")


class Connections:
    """Sessions of ``requests``, as many as are used at the same time.

    All of them carry ``headers`` and ``authorization`` (the value of that header; empty: none), and show
    ``client_certificate``, the files of a certificate and its key. What the environment says about proxies when the
    first one is made holds for ``base_url``.
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
        self._begin()

    def _begin(self) -> None:
        self._idle: collections.deque[t.Any] = collections.deque()
        self._all: weakref.WeakSet[t.Any] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._proxies: t.Mapping[str, str] | None = None
        # last: another thread that sees it takes what is idle
        self._process = os.getpid()

    @contextlib.contextmanager
    def one(self) -> t.Iterator[t.Any]:
        """Lend a session: the one that was used last, whose connection is most likely open still."""
        if self._process != os.getpid():
            self._begin()  # what was open when this process was forked is the other one's
        try:
            session = self._idle.pop()
        except IndexError:
            session = self._made()
        try:
            yield session
        finally:
            self._idle.append(session)

    def _made(self) -> t.Any:
        session = requests.Session()
        session.headers.update(self._headers)
        # An authentication of its own: otherwise requests puts what ~/.netrc has for the host in its place.
        session.auth = self._authenticate
        session.cert = self._client_certificate
        # Cookies would tie requests together that have nothing to do with one another.
        session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
        with self._lock:
            if self._proxies is None:
                # All requests go to one place, so the way there is looked up in the environment once.
                around = session.merge_environment_settings(self._base_url, {}, None, None, None)
                self._proxies = around["proxies"]
            self._all.add(session)
        session.proxies, session.trust_env = self._proxies, False
        return session

    def close(self) -> None:
        """Close all connections that this process has opened."""
        if self._process == os.getpid():
            with self._lock:
                for session in list(self._all):
                    session.close()

    def _authenticate(self, request: t.Any) -> t.Any:
        if self._authorization:
            request.headers["Authorization"] = self._authorization
        return request

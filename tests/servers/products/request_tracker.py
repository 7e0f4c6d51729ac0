# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real Request Tracker of our own, on SQLite and its own web server. Its database is looked into past its REST."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import time
import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.product_case import ODD, ProductCase, Seen

SERVER = pathlib.Path("/usr/share/request-tracker5/libexec/rt-server")
RIGHTS = ("AdminUsers", "AdminGroupMembership", "SeeGroup")
_SITE = """
Set($rtname, 'rt.acme.example');
Set($Organization, 'acme.example');
Set($WebDomain, '127.0.0.1');
Set($WebPort, {port});
Set($WebPath, '');
Set($DatabaseType, 'SQLite');
Set($DatabaseName, '{place}/rtdb');
Set($LogToSyslog, undef);
Set($LogToSTDERR, 'error');
Set($MailCommand, 'testfile');
Set($BcryptCost, 4);
1;
"""
_LOADED = """
use lib '/usr/share/request-tracker5/lib';
use RT -init;
"""
_PREPARE = """
my $user = RT::User->new(RT->SystemUser);
my ($id, $said) = $user->Create(Name => 'rollcall', EmailAddress => 'rollcall@acme.example', Privileged => 1);
die $said unless $id;
for my $right (@ARGV) {
    my ($ok, $said) = $user->PrincipalObj->GrantRight(Right => $right, Object => RT->System);
    die $said unless $ok;
}
my ($ok, $message, $secret) = RT::AuthToken->new(RT->SystemUser)->Create(Owner => $id, Description => 'rollcall');
die $message unless $ok;
print $secret;
"""
_ACCOUNTS = """
SELECT u.id, u.Name, u.EmailAddress, p.Disabled FROM Users u JOIN Principals p ON p.id = u.id
JOIN GroupMembers m ON m.MemberId = u.id JOIN Groups g ON g.id = m.GroupId
WHERE g.Domain = 'SystemInternal' AND g.Name = 'Privileged'
"""
_GROUPS = """
SELECT g.Name FROM Groups g JOIN GroupMembers m ON m.GroupId = g.id WHERE g.Domain = 'UserDefined' AND m.MemberId = ?
"""


class RequestTracker:
    """A server. ``reset`` puts its database back to what it was at first, which it notices with the next request."""

    def __init__(self, place: pathlib.Path, port: int, token: str) -> None:
        self.place = place
        self.port = port
        self.token = token

    def connection(self, port: int) -> dict[str, t.Any]:
        return {"base_url": f"http://127.0.0.1:{port}/REST/2.0", "token": self.token}

    def keep(self) -> None:
        """Remember every table as it is."""
        with self.database() as database:
            tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            self.kept = {name: database.execute(f'SELECT * FROM "{name}"').fetchall() for name in tables}

    @contextlib.contextmanager
    def database(self) -> t.Iterator[sqlite3.Connection]:
        """RT's database, in one transaction."""
        connection = sqlite3.connect(self.place / "rtdb", timeout=20)
        try:
            with connection:
                yield connection
        finally:
            connection.close()

    def run(self, statement: str, *values: t.Any) -> list[t.Any]:
        with self.database() as database:
            return database.execute(statement, values).fetchall()

    def reset(self) -> None:
        with self.database() as database:
            for name, rows in self.kept.items():
                database.execute(f'DELETE FROM "{name}"')
                if rows:
                    marks = ", ".join("?" * len(rows[0]))
                    database.executemany(f'INSERT INTO "{name}" VALUES ({marks})', rows)

    def as_root(self, method: str, path: str, body: t.Any) -> t.Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        sign_in = base64.b64encode(b"root:password").decode()
        headers = {"Authorization": f"Basic {sign_in}", "Content-Type": "application/json"}
        with contextlib.closing(connection):
            connection.request(method, f"/REST/2.0/{path}", json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
            assert answer.status in (200, 201), text
            return json.loads(text)

    def person(self, name: str, email: str, real_name: str = "", privileged: int = 1) -> str:
        user = {"Name": name, "EmailAddress": email, "RealName": real_name, "Privileged": privileged}
        self.as_root("POST", "user", user)
        return str(self.run("SELECT id FROM Users WHERE Name = ?", name)[0][0])

    def fill(self, people: int) -> list[str]:
        return [self.person(f"p{n}", f"p{n}@acme.example", f"Given{n} Family{n}") for n in range(people)]

    def accounts(self) -> dict[str, Seen]:
        return {
            str(id): Seen(
                email or "",
                name,
                "suspended" if disabled else "active",
                frozenset(row[0] for row in self.run(_GROUPS, id)),
            )
            for id, name, email, disabled in self.run(_ACCOUNTS)
        }

    def rename(self, id: str, email: str) -> None:
        self.as_root("PUT", f"user/{id}", {"EmailAddress": email})

    def revoke_credentials(self) -> None:
        self.run("DELETE FROM AuthTokens")

    def take_scope(self, write: bool) -> str:
        right = "AdminGroupMembership" if write else "AdminUsers"
        self.run("DELETE FROM ACL WHERE RightName = ?", right)
        return right


Kind = t.TypeVar("Kind", bound=RequestTracker)


@t.overload
def request_tracker() -> contextlib.AbstractContextManager[RequestTracker]: ...


@t.overload
def request_tracker(
    kind: type[Kind], rights: t.Sequence[str] = ..., prepare: str = ...
) -> contextlib.AbstractContextManager[Kind]: ...


@contextlib.contextmanager
def request_tracker(
    kind: type[RequestTracker] = RequestTracker, rights: t.Sequence[str] = RIGHTS, prepare: str = ""
) -> t.Iterator[t.Any]:
    """Start a server of its own. An AssertionError says what is missing.

    ``rights`` are what the token's user has everywhere; ``prepare`` is Perl that is run before the server starts, with
    RT loaded.
    """
    setup = shutil.which("rt-setup-database-5", path="/usr/sbin:/usr/bin")
    assert setup, "there is no Request Tracker: make test-servers installs the Debian package request-tracker5"
    with tempfile.TemporaryDirectory(prefix="rollcall-rt-") as folder, socket.socket() as probe:
        place = pathlib.Path(folder)
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        site = place / "RT_SiteConfig.pm"
        site.write_text(_SITE.format(place=place, port=port), encoding="utf-8")
        (place / "none").mkdir()
        here = {**os.environ, "RT_SITE_CONFIG": str(site), "RT_SITE_CONFIG_DIR": str(place / "none")}

        def run(*words: str) -> str:
            done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120, env=here, cwd=place)
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        run(setup, "--action", "init", "--skip-create", "--dba-password", "none")
        token = run("perl", "-e", _LOADED + _PREPARE, *rights)
        if prepare:
            run("perl", "-e", _LOADED + prepare)
        words = [str(SERVER), "--server", "Standalone", "--host", "127.0.0.1", "--port", str(port)]
        with (place / "log").open("wb") as log:
            server = subprocess.Popen(words, stdout=log, stderr=log, env=here, cwd=place)
        try:
            tracker = kind(place, port, token)
            _wait(port, server, place)
            for name in ("Support", ODD):
                tracker.as_root("POST", "group", {"Name": name})
            tracker.keep()
            yield tracker
        finally:
            server.terminate()
            server.wait(20)


def _wait(port: int, server: subprocess.Popen[bytes], place: pathlib.Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert server.poll() is None, (place / "log").read_text(encoding="utf-8", errors="replace")
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
            try:
                connection.request("GET", "/REST/2.0/rt")
                if connection.getresponse().status == 401:
                    return
            except OSError:
                time.sleep(0.2)
    raise AssertionError("Request Tracker does not answer")


class RequestTrackerCase(ProductCase):
    system = "Request Tracker"
    connector = "request_tracker"
    tested = "A real Request Tracker (5.0.3, Debian), on SQLite and its own web server"
    options: t.ClassVar = {"page_size": 3}
    entitlements = (
        Entitlement("support", "group", "Support"),
        Entitlement("odd", "group", ODD),
        Entitlement("none", "group", "Suppor"),
    )
    adding = ("support", "odd")
    missing = "none"
    without: t.ClassVar = {
        "external_id": "RT keeps no id of somebody else's for a user",
        "limit_seats": "RT counts no seats: it is free software",
        "invite": "RT has no invitations: a user is active at once",
        "make_sole_owner": "RT lets its last administrator be disabled: the guard watches over them",
    }

    def start(self) -> t.Any:
        return request_tracker()

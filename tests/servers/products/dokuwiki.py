# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""DokuWiki from Debian's package, served by PHP's own web server, with a configuration and data of its own."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time
import typing as t

import yaml
from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY, ProductCase, Seen

WIKI = pathlib.Path("/usr/share/dokuwiki")
RECIPE = pathlib.Path(__file__).resolve().parents[3] / "examples/catalog/dokuwiki.yml"
ADMIN = "svc-rollcall"

# Read before every request, so that Debian's preload.php takes these directories: https://www.dokuwiki.org/preload
_PREPEND = """<?php
define('DOKU_MAIN_CONF', '{place}/conf/');
define('DOKU_CONF', '{place}/conf/');
"""
_LOCAL = """<?php
$conf['title'] = 'Acme Wiki';
$conf['useacl'] = 1;
$conf['superuser'] = '@admin';
$conf['savedir'] = '{place}/data';
"""


def recipe(**changes: t.Any) -> dict[str, t.Any]:
    """Return the connection of examples/catalog/dokuwiki.yml, as it is published, with some options changed."""
    connection: dict[str, t.Any] = yaml.safe_load(RECIPE.read_text(encoding="utf-8"))["apps"]["wiki"]["connection"]
    # tests may run as root, whom Chromium refuses its sandbox
    return {**connection, "sandbox": False, "timeout": 4, **changes}


@dataclasses.dataclass(frozen=True)
class User:
    """A line of users.auth.php: login:hash:name:email:groups, with ``:`` and backslashes escaped by a backslash."""

    login: str
    hash: str
    name: str
    email: str
    groups: tuple[str, ...]

    @classmethod
    def of(cls, line: str) -> User:
        login, hashed, name, email, groups = (
            re.sub(r"\\(.)", r"\1", part) for part in re.split(r"(?<!\\):", line.rstrip("\n"))
        )
        return cls(login, hashed, name, email, tuple(group for group in groups.split(",") if group))

    def line(self) -> str:
        parts = (self.login, self.hash, self.name, self.email, ",".join(self.groups))
        return ":".join(part.replace("\\", "\\\\").replace(":", "\\:") for part in parts) + "\n"


class DokuWiki:
    """A running wiki. Its users are looked at and changed in its own file, past the user manager."""

    port = 0  # the suite's faults are for interfaces: a browser asks for many things besides

    def __init__(self, place: pathlib.Path, address: int, password: str = CANARY) -> None:
        self.place = place
        self.address = address
        self.evidence = place / "evidence"
        made = subprocess.run(
            ["php", "-r", 'echo password_hash($argv[1], PASSWORD_BCRYPT, ["cost" => 4]);', password],
            capture_output=True,
            text=True,
            check=True,
        )
        self._hash = made.stdout
        self.users = place / "conf/users.auth.php"

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.address}"

    def connection(self, port: int) -> dict[str, t.Any]:
        return recipe(base_url=self.base_url, password=CANARY, evidence=str(self.evidence), remember=0)

    def reset(self) -> None:
        self.write([User(ADMIN, self._hash, "Rollcall", f"{ADMIN}@acme.example", ("admin", "user"))])
        self._forget_sessions()

    def fill(self, people: int) -> list[str]:
        more = [
            User(f"p{n}", self._hash, f"Given{n} Family{n}", f"p{n}@acme.example", ("user",)) for n in range(people)
        ]
        self.write([*self.all(), *more])
        return [user.login for user in more]

    def accounts(self) -> dict[str, Seen]:
        return {user.login: Seen(user.email, user.login, "active", frozenset(user.groups)) for user in self.all()}

    def rename(self, id: str, email: str) -> None:
        self.change(id, email=email)

    def revoke_credentials(self) -> None:
        self.change(ADMIN, hash="no-longer")
        self._forget_sessions()

    def take_scope(self, write: bool) -> str:
        """Take the only permission there is: the user manager is for administrators, and they may do everything."""
        self.change(ADMIN, groups=("user",))
        self._forget_sessions()
        return "user__manager"

    # the users' file

    def all(self) -> list[User]:
        lines = self.users.read_text(encoding="utf-8").splitlines()
        return [User.of(line) for line in lines if line and not line.startswith("#")]

    def write(self, users: t.Iterable[User]) -> None:
        self.users.write_text("".join(user.line() for user in users), encoding="utf-8")

    def change(self, id: str, **changes: t.Any) -> None:
        self.write(dataclasses.replace(u, **changes) if u.login == id else u for u in self.all())

    def user(self, id: str) -> User:
        return next(user for user in self.all() if user.login == id)

    def _forget_sessions(self) -> None:
        """End every session, as the user manager does after each change: https://www.dokuwiki.org/devel:auth"""
        for session in (self.place / "sessions").glob("sess_*"):
            session.unlink(missing_ok=True)

    def end_sessions(self) -> None:
        """End every session so that signing in again is needed: the cookie that signs in by itself is void too."""
        self._forget_sessions()
        (self.place / "data/meta/_htcookiesalt").unlink(missing_ok=True)
        (self.place / "data/meta/_htcookiesalt2").unlink(missing_ok=True)


@contextlib.contextmanager
def dokuwiki() -> t.Iterator[DokuWiki]:
    """Start a wiki of its own. An AssertionError says what is missing."""
    assert WIKI.is_dir(), f"there is no {WIKI}: make test-servers installs the Debian package dokuwiki"
    assert shutil.which("php"), "there is no php: make test-servers installs the Debian package php-cli"
    with tempfile.TemporaryDirectory(prefix="rollcall-dokuwiki-") as folder:
        place = pathlib.Path(folder)
        shutil.copytree("/etc/dokuwiki", place / "conf")
        shutil.copytree("/var/lib/dokuwiki/data", place / "data")
        (place / "sessions").mkdir()
        (place / "prepend.php").write_text(_PREPEND.format(place=place), encoding="utf-8")
        (place / "conf/local.php").write_text(_LOCAL.format(place=place), encoding="utf-8")
        # Debian's are links to where only the web server may look
        for name, text in (("users.auth.php", ""), ("acl.auth.php", "*\t@ALL\t1\n*\t@user\t8\n")):
            (place / "conf" / name).unlink(missing_ok=True)
            (place / "conf" / name).write_text(text, encoding="utf-8")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            address = probe.getsockname()[1]
        settings = {"auto_prepend_file": place / "prepend.php", "session.save_path": place / "sessions"}
        options = [word for name, value in settings.items() for word in ("-d", f"{name}={value}")]
        with (place / "log").open("wb") as log:
            server = subprocess.Popen(
                ["php", "-S", f"127.0.0.1:{address}", "-t", str(WIKI), *options], stdout=log, stderr=log
            )
        try:
            wiki = DokuWiki(place, address)
            wiki.reset()
            _wait(address, server)
            yield wiki
        finally:
            server.kill()
            server.wait()


def _wait(address: int, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        assert server.poll() is None, "PHP's web server has ended"
        connection = http.client.HTTPConnection("127.0.0.1", address, timeout=10)
        try:
            connection.request("GET", "/doku.php?do=login")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    raise AssertionError("the wiki does not answer")


class DokuWikiCase(ProductCase):
    system = "DokuWiki"
    connector = "browser"
    tested = "A real DokuWiki (2022-07-31a, Debian), its user manager used in a real Chromium by the published recipe."
    entitlements = (
        Entitlement("user", "group", "user"),
        Entitlement("editors", "group", "editors"),
        Entitlement("dotted", "group", "press.office"),
        Entitlement("admin", "group", "admin", privileged=True),
    )
    adding = ("editors", "dotted")
    without: t.ClassVar[t.Mapping[str, str]] = {
        "external_id": "a user of DokuWiki has no external id",
        "three_pages": "its pages are of twenty; a test of its own reads three of them",
        "missing_page": "its pages are of twenty; a test of its own reads three of them",
        "page_twice": "its pages are of twenty; a test of its own reads three of them",
        "limit_seats": "DokuWiki has no seats",
        "invite": "DokuWiki has no invitations",
        "make_sole_owner": "only the account that is signed in is kept from being deleted, and that is Rollcall's own",
        "sign_in": "DokuWiki has no page on which an administrator ends somebody's sessions",
        "give_property": "pages of a wiki belong to nobody",
    }

    def start(self) -> t.ContextManager[DokuWiki]:
        return dokuwiki()

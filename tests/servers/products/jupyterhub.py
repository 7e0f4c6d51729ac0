# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A JupyterHub from PyPI, which nobody has written a connector for: examples/catalog only.

The hub itself is the whole of it: the proxy in front of notebooks, a program for Node.js, is one that keeps its routes
to itself, and a notebook server is one that runs as far as the hub can see: its address is the hub's own.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import pathlib
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import typing as t
import urllib.error
import urllib.parse
import urllib.request

import yaml
from ansible_collections.rollcall.access.plugins.module_utils.model import Entitlement
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY, ODD, ProductCase, Seen

ENTRY = pathlib.Path(__file__).resolve().parents[3] / "examples/catalog/jupyterhub.yml"
GROUPS = ("analysts", ODD)
_FIXTURE = "fixture-token-0123456789"
_READING = ["list:users", "read:users", "list:groups", "read:groups"]

_CONFIGURATION = """
from jupyterhub.proxy import Proxy
from jupyterhub.spawner import Spawner


class NoNotebook(Spawner):
    runs = False

    async def start(self):
        self.runs = True
        return "127.0.0.1", {port}

    async def poll(self):
        return None if self.runs else 0

    async def stop(self, now=False):
        self.runs = False


class NoProxy(Proxy):
    should_start = False
    routes = {{}}

    async def add_route(self, routespec, target, data):
        self.routes[routespec] = {{"routespec": routespec, "target": target, "data": data}}

    async def delete_route(self, routespec):
        self.routes.pop(routespec, None)

    async def get_all_routes(self):
        return dict(self.routes)


c.JupyterHub.proxy_class = NoProxy
c.JupyterHub.spawner_class = NoNotebook
c.JupyterHub.allow_named_servers = True
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.db_url = "sqlite:///{folder}/hub.sqlite"
c.JupyterHub.cookie_secret_file = "{folder}/cookie_secret"
c.JupyterHub.hub_ip = "127.0.0.1"
c.JupyterHub.hub_port = {port}
c.JupyterHub.bind_url = "http://127.0.0.1:{other}"
c.JupyterHub.log_level = "WARN"
c.JupyterHub.services = [
    {{"name": "rollcall", "api_token": "{token}"}},
    {{"name": "fixture", "api_token": "{fixture}"}},
]
c.JupyterHub.load_roles = [
    {{"name": "admin", "services": {administrators}}},
    {{"name": "rollcall", "services": ["rollcall"], "scopes": {scopes}}},
]
"""


class Hub:
    """A running hub. The test looks at it and changes it with a service of its own, past the connector."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        with contextlib.ExitStack() as stack:
            probes = [stack.enter_context(socket.socket()) for _unused in range(2)]
            for probe in probes:
                probe.bind(("127.0.0.1", 0))
            self.port, self._other = (int(probe.getsockname()[1]) for probe in probes)
        self._process: subprocess.Popen[bytes] | None = None
        self._usual = True

    # ---- its life

    def start(self, *, token: str = CANARY, scopes: t.Sequence[str] = (), admin: bool = True) -> None:
        """Start it with what Rollcall's service may do: everything, or only what ``scopes`` say."""
        text = _CONFIGURATION.format(
            folder=self.folder,
            port=self.port,
            other=self._other,
            token=token,
            fixture=_FIXTURE,
            administrators=["fixture", "rollcall"] if admin else ["fixture"],
            scopes=list(scopes),
        )
        (self.folder / "jupyterhub_config.py").write_text(text, encoding="utf-8")
        words = [sys.executable, "-m", "jupyterhub", "-f", str(self.folder / "jupyterhub_config.py")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(words, stdout=log, stderr=log, cwd=self.folder)
        self._usual = token == CANARY and admin
        end = time.monotonic() + 90
        while True:
            with contextlib.suppress(OSError, urllib.error.URLError):
                self.ask("GET", "/info")
                return
            assert self._process.poll() is None, (self.folder / "log").read_text(errors="replace")[-2000:]
            assert time.monotonic() < end, "JupyterHub does not come up"
            time.sleep(0.1)

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(20)
            self._process = None

    # ---- what the suite asks for

    def connection(self, port: int) -> dict[str, t.Any]:
        entry = yaml.safe_load(ENTRY.read_text(encoding="utf-8"))["apps"]["notebooks"]["connection"]
        entry["list"]["paging"]["size"] = 3
        auth = {**entry["auth"], "bearer": CANARY}
        return {**entry, "base_url": f"http://127.0.0.1:{port}/hub/api", "auth": auth}

    def reset(self) -> None:
        if not self._usual:
            self.stop()
            (self.folder / "hub.sqlite").unlink()
            self.start()
        for user in self.ask("GET", "/users"):
            for server in filter(None, user["servers"]):  # with one of these running, the hub fails to delete its user
                self.ask("DELETE", f"/users/{_quoted(user['name'])}/servers/{server}")
            self.ask("DELETE", f"/users/{_quoted(user['name'])}")
        there = {group["name"] for group in self.ask("GET", "/groups")}
        for name in there:
            self.ask("DELETE", f"/groups/{_quoted(name)}")
        for name in GROUPS:
            self.ask("POST", f"/groups/{_quoted(name)}", {})

    def fill(self, people: int) -> list[str]:
        names = [f"p{n}@acme.example" for n in range(people)]
        self.ask("POST", "/users", {"usernames": names})
        return names

    def accounts(self) -> dict[str, Seen]:
        """Everybody, as the database has them."""
        with contextlib.closing(sqlite3.connect(f"file:{self.folder}/hub.sqlite?mode=ro", uri=True)) as database:
            users = database.execute("select id, name, admin from users").fetchall()
            members = database.execute(
                "select user_group_map.user_id, groups.name from user_group_map "
                "join groups on groups.id = user_group_map.group_id"
            ).fetchall()
        return {
            name: Seen(
                name,
                name,
                "active",
                frozenset({group for user, group in members if user == key} | ({"admin"} if admin else set())),
            )
            for key, name, admin in users
        }

    def revoke_credentials(self) -> None:
        self._restart(token="another-token-0123456789")

    def take_scope(self, write: bool) -> str:
        self._restart(scopes=_READING if write else (), admin=False)
        return "groups" if write else "list:users"

    def sign_in(self, id: str) -> None:
        for note in ("laptop", "script"):
            self.ask("POST", f"/users/{_quoted(id)}/tokens", {"note": note})
        for server in ("server", "servers/big"):
            self.ask("POST", f"/users/{_quoted(id)}/{server}")
        assert len(self.ask("GET", f"/users/{_quoted(id)}")["servers"]) == 2

    def live_credentials(self, id: str) -> int:
        tokens = self.ask("GET", f"/users/{_quoted(id)}/tokens")["api_tokens"]
        return len(tokens) + len(self.ask("GET", f"/users/{_quoted(id)}")["servers"])

    # ---- past the connector

    def ask(self, method: str, path: str, body: t.Any = None) -> t.Any:
        """Send a request as the test's own service. Raises HTTPError."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/hub/api{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {_FIXTURE}"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def _restart(self, **how: t.Any) -> None:
        """Start it anew, with other permissions and the same people: the old token goes with its service."""
        self.stop()
        with contextlib.closing(sqlite3.connect(self.folder / "hub.sqlite")) as database:
            database.execute("delete from api_tokens where user_id is null")
            database.execute("delete from service_role_map")
            database.commit()
        self.start(**how)


def _quoted(name: str) -> str:
    return urllib.parse.quote(name, safe="@")


@contextlib.contextmanager
def jupyterhub() -> t.Iterator[Hub]:
    """Start a hub without users."""
    assert importlib.util.find_spec("jupyterhub"), "no JupyterHub here: make test-servers installs it"
    folder = pathlib.Path(tempfile.mkdtemp(prefix="rollcall-hub-"))
    hub = Hub(folder)
    try:
        hub.start()
        yield hub
    finally:
        hub.stop()
        shutil.rmtree(folder, ignore_errors=True)


class JupyterHubCase(ProductCase):
    system = "JupyterHub"
    connector = "rest"
    tested = "A real JupyterHub (6.1, PyPI) without its proxy, by the published entry of under thirty lines."
    entitlements = (
        Entitlement("analysts", "group", "analysts"),
        Entitlement("odd", "group", ODD),
        Entitlement("admin", "permission", "admin", privileged=True),
        Entitlement("none", "group", "analyst"),
    )
    adding = ("analysts", "odd", "admin")
    missing = "none"
    without: t.ClassVar = {
        "external_id": "a user of JupyterHub is a name and nothing else",
        "rename": "a user's address is the user's name, by which everything else finds it",
        "limit_seats": "JupyterHub has no seats",
        "invite": "JupyterHub has no invitations: whoever may sign in may do so at once",
        "make_sole_owner": "JupyterHub lets the last administrator go: the configuration names others again",
        "give_property": "the interface hands nothing over: a home directory is the operating system's",
    }

    def start(self) -> t.ContextManager[Hub]:
        return jupyterhub()

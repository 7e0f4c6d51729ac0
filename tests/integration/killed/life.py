# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One company among its apps, whose playbooks can be killed at any write and taken back to where they began."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import pathlib
import shutil
import subprocess
import sys
import typing as t

from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY
from ansible_collections.rollcall.access.tests.integration.killed import counting
from ansible_collections.rollcall.access.tests.integration.killed.world import World
from ansible_collections.rollcall.access.tests.integration.support.running import environment
from ansible_collections.rollcall.access.tests.integration.support.scim import TOKEN

HERE = pathlib.Path(__file__).parent


@dataclasses.dataclass(frozen=True)
class Ran:
    """How a run ended, what it said, and what it wrote, in order."""

    rc: int
    killed: bool
    said: str
    writes: tuple[str, ...]

    def succeeded(self) -> Ran:
        assert self.rc == 0, f"exit code {self.rc}\n{self.said}"
        return self


class Nursery:
    """The program that runs ansible-playbook; see ``nursery.py``."""

    def __init__(self, home: pathlib.Path) -> None:
        home.mkdir()
        self.home = home
        env = environment(home, HERE / "company", {})
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "nursery.py")],
            env={**env, "PYTHONPATH": env["ANSIBLE_COLLECTIONS_PATH"]},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, **order: t.Any) -> Ran:
        """Carry out one order. Its environment comes on top of what the tests give every run."""
        given, taken = self._process.stdin, self._process.stdout
        assert given is not None
        assert taken is not None
        said, count = self.home / "said", self.home / "count"
        env = environment(self.home, pathlib.Path(order["directory"]), order["environment"])
        print(json.dumps({**order, "environment": env, "said": str(said), "count": str(count)}), file=given, flush=True)
        line = taken.readline()
        assert line, "the nursery has died"
        return Ran(**json.loads(line), said=said.read_text("utf-8", "replace"), writes=counting.read(count))

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)


class Life:
    """The company's directory at ``place``, among the apps of ``world``. One at a time lives in a world."""

    def __init__(self, place: pathlib.Path, world: World, nursery: Nursery) -> None:
        self.path = place / "company"
        self.world, self._nursery = world, nursery
        shutil.copytree(HERE / "company", self.path)
        self.environment = {
            "APPS": f"http://127.0.0.1:{world.port}/",
            "TOKEN": CANARY,
            "SCIM_TOKEN": TOKEN,
            # Apprise gives a mail server four seconds, which a machine that has other things to do may not have
            "MAIL": f"{world.post.url()}&cto=300&rto=300",
        }

    def begin(self) -> None:
        """Make the groups that the catalog names."""
        self.world.tenant("mail").add_groups("Everyone")
        self.world.tenant("chat").add_groups("Engineering")

    @property
    def ledger(self) -> pathlib.Path:
        return self.path / "ledger.db"

    def write(self, name: str, text: str) -> None:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def edit(self, name: str, *pairs: tuple[str, str]) -> None:
        """Replace in a file each first text by the second. Each has to be there exactly once."""
        text = (self.path / name).read_text(encoding="utf-8")
        for old, new in pairs:
            assert text.count(old) == 1, f"{text.count(old)} times {old!r} in {name}"
            text = text.replace(old, new)
        self.write(name, text)

    def playbook(
        self, moment: str, *arguments: str, stop_at: str = "", mutation: str = "", side_by_side: bool = False
    ) -> Ran:
        """Run a playbook as of a moment, and return when it has ended or was killed and nothing is under way."""
        name, *rest = arguments
        ran = self._nursery.run(
            arguments=[f"rollcall.access.{name}", "-i", "rollcall.yml", "-f", "5" if side_by_side else "1", *rest],
            directory=str(self.path),
            environment={**self.environment, "ROLLCALL_AS_OF": moment},
            stop_at=stop_at,
            mutation=mutation,
            side_by_side=side_by_side,
        )
        self.world.wait_until_still()
        return ran

    def save(self, place: pathlib.Path) -> t.Any:
        """Keep everything as it is, with the company's directory at ``place``; return what ``load`` takes."""
        shutil.copytree(self.path, place)
        return place, self.world.save()

    def load(self, saved: t.Any) -> None:
        place, world = saved
        shutil.rmtree(self.path)
        shutil.copytree(place, self.path)
        self.world.load(world)


@contextlib.contextmanager
def nursery(place: pathlib.Path) -> t.Iterator[Nursery]:
    made = Nursery(place)
    try:
        yield made
    finally:
        made.close()

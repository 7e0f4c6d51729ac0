# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The browser engine on a real DokuWiki, by the published recipe: what is odd about pages, and what can go wrong."""

from __future__ import annotations

import concurrent.futures
import contextlib
import copy
import dataclasses
import http.server
import os
import pathlib
import re
import signal
import socket
import threading
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.connectors.contract import Connector
from ansible_collections.rollcall.access.plugins.module_utils.errors import Broken, Conflict, Refused, Transient
from ansible_collections.rollcall.access.plugins.module_utils.model import Account, AccountKey, NewAccount
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY
from ansible_collections.rollcall.access.tests.integration.support.running import descendants
from ansible_collections.rollcall.access.tests.servers.products.dokuwiki import ADMIN, DokuWiki, DokuWikiCase

CASE = DokuWikiCase()
USER, EDITORS = (CASE.app().entitlements[key] for key in ("user", "editors"))
ODD_NAME = """Zoë "Q" O'Lind <b onmouseover="alert(1)">x</b> {{ 7 * 7 }} {email} \\ : 東京"""
ZOE = NewAccount("zoe.lind", "zoe.lind@acme.example", "e9", "Zoë", "Lind", "Zoë Lind")

Make = t.Callable[..., t.Any]


@pytest.fixture(scope="module")
def running() -> t.Iterator[DokuWiki]:
    with CASE.start() as wiki:
        yield wiki


@pytest.fixture
def wiki(running: DokuWiki) -> DokuWiki:
    running.reset()
    return running


@pytest.fixture
def make(wiki: DokuWiki, tmp_path: pathlib.Path) -> t.Iterator[Make]:
    """Return a function that makes a connector with some options changed; screenshots go to tmp_path/evidence."""
    made: list[Connector] = []

    def make(**options: t.Any) -> t.Any:
        made.append(CASE.build(wiki, 0, **{"evidence": str(tmp_path / "evidence"), "remember": 30, **options}))
        return made[-1]

    yield make
    for connector in made:
        connector.close()


def published(wiki: DokuWiki, option: str, kind: str = "") -> t.Any:
    """Return a copy of a part of the recipe, to be spoilt."""
    given = wiki.connection(0)[option]
    return copy.deepcopy(given[kind] if kind else given)


def pictures(place: pathlib.Path, words: str = "") -> list[pathlib.Path]:
    return sorted(path for path in place.glob("evidence/crm/*.png") if words in path.name)


def account(connector: t.Any, id: str) -> Account:
    found = connector.find(AccountKey(id=id))
    assert found is not None
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def nothing_changes(wiki: DokuWiki) -> t.Iterator[None]:
    before = wiki.users.read_bytes()
    yield
    assert wiki.users.read_bytes() == before


# reading


def test_every_page_of_the_list_is_read(wiki: DokuWiki, make: Make) -> None:
    wiki.fill(45)
    assert sorted(a.id for a in make().accounts()) == sorted(wiki.accounts())
    assert len(wiki.accounts()) == 46


def test_a_list_that_stops_after_a_page_is_noticed_by_the_number_on_it(wiki: DokuWiki, make: Make) -> None:
    wiki.fill(45)
    listing = published(wiki, "list")
    del listing["next"]
    with pytest.raises(Broken, match="there are 46, and 20 were read"):
        list(make(list=listing).accounts())


def test_a_way_on_that_leads_back_is_noticed(wiki: DokuWiki, make: Make) -> None:
    wiki.fill(25)
    listing = published(wiki, "list")
    listing["next"] = "#user__manager button[name='fn[last]']"
    del listing["count"]
    with pytest.raises(Broken, match="in the list twice"):
        list(make(list=listing).accounts())


def test_a_list_without_rows_is_not_an_app_without_accounts(wiki: DokuWiki, make: Make, tmp_path: pathlib.Path) -> None:
    listing = {**published(wiki, "list"), "rows": "#user__manager tr.member"}
    with pytest.raises(Refused, match="expected rows") as caught:
        list(make(list=listing).accounts())
    assert str(pictures(tmp_path, "failed")[0]) in str(caught.value)


def test_look_ups_share_a_list_until_something_is_changed(wiki: DokuWiki, make: Make) -> None:
    wiki.fill(2)
    connector = make()
    p0 = account(connector, "p0")
    wiki.change("p1", email="other@acme.example")
    assert account(connector, "p1").email == "p1@acme.example"
    assert connector.grant(p0, EDITORS) is True
    assert account(connector, "p1").email == "other@acme.example"


# what is filled in is data


def test_a_name_with_quotes_and_markup_stays_a_name(wiki: DokuWiki, make: Make) -> None:
    connector = make()
    made = connector.create(dataclasses.replace(ZOE, name=ODD_NAME), [EDITORS])
    assert (made.id, made.name, made.entitlements) == ("zoe.lind", ODD_NAME, {"editors"})
    assert wiki.user("zoe.lind").name == ODD_NAME
    assert connector.update(made, {"name": "x" + ODD_NAME}) is True
    assert wiki.user("zoe.lind").name == "x" + ODD_NAME


def test_a_dot_in_a_name_is_no_other_letter(wiki: DokuWiki, make: Make) -> None:
    ours = wiki.user(ADMIN)
    names = ("a.b", "axb", "a.bc")
    wiki.write([ours, *(dataclasses.replace(ours, login=n, email=f"{n}@acme.example") for n in names)])
    connector = make()
    assert connector.delete(account(connector, "a.b")) is True
    assert set(wiki.accounts()) == {ADMIN, "axb", "a.bc"}


def test_a_name_that_somebody_else_has_is_a_conflict(wiki: DokuWiki, make: Make) -> None:
    wiki.fill(1)
    with nothing_changes(wiki), pytest.raises(Conflict, match="the name p0 is taken by the account p0"):
        make().create(NewAccount("p0", "somebody@acme.example", name="Somebody Else"), [])


def test_a_group_that_nobody_asked_about_stays(wiki: DokuWiki, make: Make) -> None:
    wiki.fill(1)
    wiki.change("p0", groups=("user", "press", "editors", "fire-wardens"))
    connector = make()
    assert connector.revoke(account(connector, "p0"), EDITORS) is True
    assert wiki.user("p0").groups == ("user", "press", "fire-wardens")


# changes and their evidence


def test_a_second_run_changes_nothing_and_takes_no_pictures(wiki: DokuWiki, make: Make, tmp_path: pathlib.Path) -> None:
    first = make()
    zoe = first.create(ZOE, [EDITORS])
    assert first.grant(zoe, USER) is True
    taken = len(pictures(tmp_path))
    second = make()
    with nothing_changes(wiki):
        assert second.create(ZOE, [EDITORS]).id == "zoe.lind"
        assert second.grant(account(second, "zoe.lind"), USER) is False
        assert second.update(account(second, "zoe.lind"), {"email": ZOE.email}) is False
    assert len(pictures(tmp_path)) == taken


def test_each_change_is_shown_before_and_after(wiki: DokuWiki, make: Make, tmp_path: pathlib.Path) -> None:
    connector = make()
    zoe = connector.create(ZOE, [])
    connector.delete(zoe)
    names = [picture.name for picture in pictures(tmp_path)]
    shape = r"\d{8}T\d{6}\.\d{3}Z-crm-(create|delete)-zoe\.lind-(before|after)\.png"
    assert [re.fullmatch(shape, name).groups() for name in names] == [  # type: ignore[union-attr]
        ("create", "before"),
        ("create", "after"),
        ("delete", "before"),
        ("delete", "after"),
    ]
    assert all(picture.stat().st_mode & 0o777 == 0o600 for picture in pictures(tmp_path))
    assert all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures(tmp_path))


def test_what_is_secret_is_painted_over(wiki: DokuWiki, make: Make) -> None:
    connector = make()
    connector.find(AccountKey(id=ADMIN))

    def painted(session: t.Any) -> list[str]:
        session.page.evaluate(
            "secret => { document.body.innerHTML = `<p id=shown>the word is ${secret}</p><p id=other>harmless</p>"
            '<input id=typed><input id=hidden type=password>`; document.querySelector("#typed").value = secret }',
            CANARY,
        )
        session.photograph(_task(), "after")
        return session.page.eval_on_selector_all("[data-rollcall-secret]", "all => all.map(e => e.id)")

    found = connector._thread.submit(painted, connector._session).result()
    assert found == ["shown", "typed", "hidden"]


def _task() -> t.Any:
    from ansible_collections.rollcall.access.plugins.module_utils.connectors.browser_session import Task

    return Task("look", "app crm, look")


def test_without_a_place_for_screenshots_nothing_is_changed(wiki: DokuWiki, make: Make, tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    with nothing_changes(wiki), pytest.raises(Refused, match="screenshot cannot be kept"):
        make(evidence=str(tmp_path / "file")).create(ZOE, [])


def test_several_threads_take_turns(wiki: DokuWiki, make: Make) -> None:
    people = wiki.fill(4)
    connector = make()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda id: connector.grant(account(connector, id), EDITORS), people))
    assert done == [True] * 4
    assert {wiki.user(id).groups for id in people} == {("user", "editors")}


# a page that is not as expected


def test_a_page_that_has_changed_stops_everything(wiki: DokuWiki, make: Make, tmp_path: pathlib.Path) -> None:
    steps = published(wiki, "create")
    steps[4] = {"fill": "#add_full_name", "with": "{name}"}
    with nothing_changes(wiki), pytest.raises(Refused) as caught:
        make(create=steps, timeout=1).create(ZOE, [])
    text = str(caught.value)
    assert "app crm, create zoe.lind: step 5 of create (fill #add_full_name with 'Zoë Lind')" in text
    assert "expected exactly one element, found none" in text
    assert f"at {wiki.base_url}/doku.php?do=admin&page=usermanager" in text
    assert "nothing was changed" in text
    (failed,) = pictures(tmp_path, "failed")
    assert str(failed) in text
    assert caught.value.details["screenshot"] == str(failed)


def test_two_elements_are_as_bad_as_none(wiki: DokuWiki, make: Make) -> None:
    wiki.fill(3)
    steps = published(wiki, "delete")
    steps[0] = {"go": "/doku.php?do=admin&page=usermanager"}
    steps[1] = {"check": "#user__manager tbody input[type=checkbox]"}
    connector = make(delete=steps, timeout=1)
    with nothing_changes(wiki), pytest.raises(Refused, match="expected exactly one element, found 5"):
        connector.delete(account(connector, "p1"))


def test_a_change_that_does_not_show_is_no_success(wiki: DokuWiki, make: Make, tmp_path: pathlib.Path) -> None:
    wiki.fill(1)
    connector = make(revoke={"group": [{"go": "/doku.php?do=admin&page=usermanager"}, {"expect": "#user__manager"}]})
    with nothing_changes(wiki), pytest.raises(Refused, match="the list does not show the change"):
        connector.revoke(account(connector, "p0"), USER)
    assert len(pictures(tmp_path, "failed")) == 1


def test_a_question_that_no_step_answers_is_answered_with_no(wiki: DokuWiki, make: Make) -> None:
    wiki.fill(1)
    steps = published(wiki, "delete")
    del steps[2]["accept"]
    connector = make(delete=steps, timeout=1)
    with nothing_changes(wiki), pytest.raises(Refused, match="a dialog asked 'Really delete selected item"):
        connector.delete(account(connector, "p0"))


def test_the_last_group_cannot_be_taken_in_dokuwiki_and_is_left_to_a_person(wiki: DokuWiki, make: Make) -> None:
    wiki.fill(1)
    connector = make()
    with nothing_changes(wiki), pytest.raises(Refused, match="the list does not show the change"):
        connector.revoke(account(connector, "p0"), USER)


# signing in


def test_a_wrong_password_is_refused_and_tried_once(wiki: DokuWiki, make: Make) -> None:
    connector = make(password="wrong-5e1f", timeout=1)
    log = wiki.place / "log"
    before = log.read_bytes().count(b"POST /doku.php")
    for _attempt in range(3):
        with pytest.raises(Refused, match="the sign-in was not accepted") as caught:
            list(connector.accounts())
        assert "wrong-5e1f" not in str(caught.value)
    assert log.read_bytes().count(b"POST /doku.php") == before + 1


def test_a_session_that_ends_in_the_middle_is_begun_anew(wiki: DokuWiki, make: Make) -> None:
    wiki.fill(1)
    connector = make(timeout=2)
    p0 = account(connector, "p0")
    photograph, ended = connector._session.photograph, []

    def end_once(task: t.Any, what: str) -> t.Any:
        if not ended:
            ended.append(what)
            wiki.end_sessions()
        return photograph(task, what)

    connector._session.photograph = end_once
    assert connector.grant(p0, EDITORS) is True
    assert ended == ["before"]
    assert wiki.user("p0").groups == ("user", "editors")


# the network and the browser


def test_a_page_that_cannot_be_reached_may_be_tried_again(make: Make) -> None:
    with pytest.raises(Transient, match=r"cannot be reached \(ERR_CONNECTION_REFUSED\)"):
        list(make(base_url=f"http://127.0.0.1:{free_port()}").accounts())


def test_a_browser_that_is_killed_in_mid_work_is_started_again(wiki: DokuWiki, make: Make) -> None:
    connector = make()
    connector.find(AccountKey(id=ADMIN))
    photograph, killed = connector._session.photograph, []

    def kill_after(task: t.Any, what: str) -> t.Any:
        path = photograph(task, what)
        if not killed:
            killed.extend(_chromium())
            for process in killed:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
        return path

    connector._session.photograph = kill_after
    with nothing_changes(wiki), pytest.raises(Transient, match="the browser has ended"):
        connector.create(ZOE, [EDITORS])
    assert killed
    assert connector.create(ZOE, [EDITORS]).id == "zoe.lind"
    assert set(wiki.accounts()) == {ADMIN, "zoe.lind"}


def test_without_a_list_a_click_that_may_have_been_taken_is_never_repeated(wiki: DokuWiki, make: Make) -> None:
    steps = [*published(wiki, "create"), {"expect": "#user__manager tr.user_info"}]
    unread = {"update": None, "grant": None, "revoke": None, "delete": None}
    connector = make(list=None, create=steps, **unread)
    photograph = connector._session.photograph

    def kill_before_the_last(task: t.Any, what: str) -> t.Any:
        if what == "after":
            for process in _chromium():
                os.kill(process, signal.SIGKILL)
        return photograph(task, what)

    connector._session.photograph = kill_before_the_last
    with pytest.raises(Refused, match="whether it was done is not known"):
        connector.create(ZOE, [EDITORS])
    assert set(wiki.accounts()) == {ADMIN, "zoe.lind"}


def _chromium() -> list[int]:
    """Return the browsers that this process started, by their main process."""
    return [
        process
        for process in descendants(os.getpid())
        if "--remote-debugging-pipe" in pathlib.Path(f"/proc/{process}/cmdline").read_text(errors="replace")
    ]


def test_a_machine_without_a_browser_says_so(make: Make) -> None:
    with pytest.raises(Refused, match="there is no browser: /nowhere/chromium"):
        list(make(executable="/nowhere/chromium").accounts())


class Elsewhere(http.server.BaseHTTPRequestHandler):
    """Another host: remembers what it was asked."""

    server: t.Any

    def do_POST(self) -> None:
        self.server.asked.append(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        self.answer("other")

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.answer("other")

    def answer(self, page: str, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/html")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(page.encode())

    def log_message(self, *_arguments: t.Any) -> None:
        pass


class App(Elsewhere):
    """Has a sign-in page with a frame of the other host, and redirects who signs in to the other host."""

    def do_GET(self) -> None:
        self.answer(
            f"<iframe src='{self.server.other}/frame'></iframe>"
            "<form method=post action=/in><input name=u><input type=password name=p><button>In</button></form>"
        )

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.answer("", self.server.status, Location=f"{self.server.other}/stolen")


@pytest.mark.parametrize("status", [302, 307])
def test_a_way_to_another_host_is_not_taken(make: Make, status: int) -> None:
    with (
        http.server.ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as other,
        http.server.ThreadingHTTPServer(("127.0.0.1", 0), App) as app,
    ):
        asked: list[t.Any] = []
        vars(other).update(asked=asked)
        vars(app).update(other=f"http://127.0.0.1:{other.server_port}", status=status)
        for server in (other, app):
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        sign_in = [
            {"go": "/"},
            {"fill": "input[name=u]", "with": "{connection.username}"},
            {"fill": "input[name=p]", "with": "{connection.password}"},
            {"click": {"button": "In"}},
            {"expect": "#welcome"},
        ]
        connector = make(base_url=f"http://127.0.0.1:{app.server_port}", sign_in=sign_in, timeout=2)
        with pytest.raises(Refused, match=r"step 4 of sign_in .* the way leads to another host, 127\.0\.0\.1"):
            list(connector.accounts())
        for server in (other, app):
            server.shutdown()
    # what it shows in a frame is its own affair
    assert asked == ["/frame"]

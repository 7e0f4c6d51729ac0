// Copyright: the Rollcall contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Who has what: searched here, drawn a page at a time. Values become text nodes and nothing else.
(function () {
  "use strict";
  const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
  const PAGE = 40; // rows drawn at once
  const FEW = 2; // so few results are opened at once

  const byId = (id) => document.getElementById(id);

  function make(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value !== null && value !== undefined) element.setAttribute(name, value);
    }
    for (const child of children) {
      if (child !== null && child !== undefined && child !== "") element.append(child);
    }
    return element;
  }
  const value = (text) => make("bdi", null, String(text));
  const chip = (text, kind) => make("span", { class: "chip " + (kind || "plain") }, text);
  const count = (n, one, many) => n.toLocaleString("en-GB") + " " + (n === 1 ? one : many || one + "s");
  const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  function day(iso) {
    if (!iso) return make("span", { class: "quiet" }, "–");
    const [year, month, number] = iso.split("-");
    return make("time", { datetime: iso }, Number(number) + " " + MONTHS[Number(month) - 1] + " " + year);
  }
  function initials(text) {
    const words = text.trim().split(/\s+/).filter(Boolean);
    const first = (word) => (word ? Array.from(word)[0].toUpperCase() : "");
    return words.length > 1 ? first(words[0]) + first(words[words.length - 1]) : first(words[0] || "?");
  }

  // The way around: mark the section on the screen.
  const links = new Map();
  for (const link of document.querySelectorAll(".nav a")) links.set(link.getAttribute("href").slice(1), link);
  const onScreen = new Set();
  function mark() {
    let current = null;
    for (const id of links.keys()) if (onScreen.has(id)) { current = id; break; }
    for (const [id, link] of links) {
      if (id === current) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
    }
    const bar = document.querySelector(".nav ul");
    const link = links.get(current);
    if (link) bar.scrollLeft = link.offsetLeft - bar.clientWidth / 2 + link.clientWidth / 2;
  }
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) onScreen.add(entry.target.id); else onScreen.delete(entry.target.id);
    }
    mark();
  }, { rootMargin: "-80px 0px -55% 0px" });
  for (const id of links.keys()) { const section = byId(id); if (section) watcher.observe(section); }

  addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details")) details.open = true;
  });

  const list = byId("who-list");
  if (!list) return;

  // The data: arrays, to be small. See _data in page.py.
  const data = JSON.parse(byId("who-data").textContent);
  const apps = data.apps.map(([key, name, tier, coverage, owner]) => (
    { key, name: name || key, tier, coverage, owner, text: fold(key + "\n" + name), held: [] }));
  const people = data.people.map(([username, name, title, department, status, event, progress, locked, manager, access]) => {
    const person = { username, name: name || username, title, department, status, event, progress, locked, manager };
    person.own = fold([username, name, title, department, event].join("\n"));
    person.access = access.map(([app, entitlement, account, since, why, source, state, privileged]) => {
      const held = {
        person, app: apps[app], entitlement, account, since, because: data.reasons[why], source, state, privileged,
        text: apps[app].text + "\n" + fold(entitlement),
      };
      apps[app].held.push(held);
      return held;
    });
    person.text = person.own + "\n" + Array.from(new Set(person.access.map((held) => held.text))).join("\n");
    return person;
  });

  const filters = {
    "": () => true,
    joiner: (p) => p.event === "joiner",
    mover: (p) => p.event === "mover",
    leaver: (p) => p.event === "leaver",
    leave: (p) => p.status === "leave",
    left: (p) => p.status === "left",
    still: (p) => p.status === "left" && p.access.length > 0,
    locked: (p) => Boolean(p.locked),
    privileged: (p, held) => (held ? Boolean(held.privileged) : p.access.some((each) => each.privileged)),
    attested: (p, held) => (held ? held.source === "attested" : p.access.some((each) => each.source === "attested")),
    found: (p, held) => (held ? held.source === "found" : p.access.some((each) => each.source === "found")),
    none: (p) => p.access.length === 0,
  };

  const search = byId("who-search");
  const filter = byId("who-filter");
  const counted = byId("who-count");
  const more = byId("who-more");
  let mode = "people";
  let results = [];
  let drawn = 0;

  const STATUS = { future: "not started", leave: "on leave", left: "left" };
  const SOURCE = { verified: "ok", attested: "warn", found: "plain" };

  function marks(person) {
    const found = [];
    if (person.locked) found.push(chip("locked", "bad"));
    if (person.event) found.push(chip(person.event + (person.progress ? ", " + person.progress : ""), "automatic"));
    if (STATUS[person.status]) found.push(chip(STATUS[person.status], person.status === "left" && person.access.length ? "warn" : "plain"));
    return make("span", { class: "marks" }, ...found);
  }

  function cell(label, ...children) {
    return make("td", { role: "cell", "data-label": label }, make("div", null, ...children));
  }
  function heading(...names) {
    const row = make("tr", { role: "row" }, ...names.map((name) => make("th", { scope: "col", role: "columnheader" }, name)));
    return make("thead", { role: "rowgroup" }, row);
  }
  function rowHead(...children) {
    return make("th", { scope: "row", role: "rowheader" }, ...children);
  }
  function entitlement(held) {
    const name = held.entitlement ? value(held.entitlement) : make("span", { class: "quiet" }, "account only");
    return held.privileged ? [name, " ", chip("privileged", "warn")] : [name];
  }
  function account(held) {
    const state = held.state && held.state !== "active" ? make("small", null, held.state) : null;
    return [held.account ? value(held.account) : make("span", { class: "quiet" }, "–"), state];
  }
  const why = (held) => (held.because ? value(held.because) : make("span", { class: "quiet" }, "not recorded"));
  const known = (held) => chip(held.source, SOURCE[held.source]);

  // A table that grows by itself: the first rows, and a button for the next.
  function table(caption, head, helds, draw) {
    const body = make("tbody", { role: "rowgroup" });
    const whole = make("table", { role: "table", class: "stack" }, make("caption", { class: "hidden" }, caption), head, body);
    const box = make("div", null, whole);
    const next = make("button", { type: "button", class: "load" }, "Show more");
    let at = 0;
    function grow() {
      for (const held of helds.slice(at, at + PAGE)) body.append(draw(held));
      at += PAGE;
      next.textContent = "Show more (" + Math.max(0, helds.length - at).toLocaleString("en-GB") + ")";
      next.hidden = at >= helds.length;
    }
    next.addEventListener("click", grow);
    grow();
    box.append(next);
    return box;
  }

  function personBody(person) {
    const manager = person.manager ? make("p", null, "Manager: ", value(person.manager)) : null;
    if (!person.access.length) {
      return make("div", null, manager, make("p", null, person.status === "left" ? "Has left, and nothing is known that is still open." : "Has no access yet."));
    }
    const rows = (held) => make("tr", { role: "row" },
      rowHead(value(held.app.name)), cell("Has", ...entitlement(held)), cell("Account", ...account(held)),
      cell("Since", day(held.since)), cell("Because", why(held)), cell("Known by", known(held)));
    return make("div", null, manager,
      table("Access of " + person.name, heading("App", "Has", "Account", "Since", "Because", "Known by"), person.access, rows));
  }

  function appBody(found) {
    if (!found.held.length) return make("p", null, "Nobody has access here, as far as is known.");
    const rows = (held) => make("tr", { role: "row" },
      rowHead(value(held.person.name), make("small", null, value(held.person.username))),
      cell("Has", ...entitlement(held)), cell("Account", ...account(held)),
      cell("Since", day(held.since)), cell("Because", why(held)), cell("Known by", known(held)));
    return table("Access in " + found.app.name, heading("Person", "Has", "Account", "Since", "Because", "Known by"), found.held, rows);
  }

  let numbers = 0;
  function expandable(face, square, name, below, middle, total, body, open) {
    const id = "who-body-" + (numbers += 1);
    const box = make("div", { class: "body", id, hidden: "" });
    const button = make("button", { type: "button", class: "row", "aria-expanded": "false", "aria-controls": id },
      make("span", { class: "face" + (square ? " app" : ""), "aria-hidden": "true" }, initials(face)),
      make("span", { class: "name" }, value(name), make("small", null, below)), middle, make("span", { class: "total" }, total));
    function toggle() {
      const opens = box.hidden;
      if (opens && !box.firstChild) box.append(body());
      box.hidden = !opens;
      button.setAttribute("aria-expanded", String(opens));
    }
    button.addEventListener("click", toggle);
    if (open) toggle();
    return make("li", null, make("h3", null, button), box);
  }

  function drawPerson(person, open) {
    const below = [person.username, person.title, person.department].filter(Boolean).join(" · ");
    const total = person.access.length
      ? person.access.length.toLocaleString("en-GB") + " in " + count(new Set(person.access.map((held) => held.app)).size, "app")
      : "no access";
    return expandable(person.name, false, person.name, value(below), marks(person), total, () => personBody(person), open);
  }

  function drawApp(found, open) {
    const { app, held } = found;
    const holders = new Set(held.map((each) => each.person)).size;
    const tops = new Map();
    for (const each of held) tops.set(each.entitlement, (tops.get(each.entitlement) || 0) + 1);
    const words = Array.from(tops).sort((a, b) => b[1] - a[1]).slice(0, 4)
      .map(([name, n]) => (name || "account only") + " (" + n.toLocaleString("en-GB") + ")").join(" · ");
    const middle = make("span", { class: "marks" }, app.coverage ? chip(app.coverage, app.coverage) : chip("not in the catalog", "warn"));
    return expandable(app.name, true, app.name, value(words || app.owner || "no access known"), middle, count(holders, "person", "people"), () => appBody(found), open);
  }

  function draw() {
    const open = results.length <= FEW && search.value.trim() !== "";
    const each = mode === "people" ? drawPerson : drawApp;
    const rows = document.createDocumentFragment();
    for (const result of results.slice(drawn, drawn + PAGE)) rows.append(each(result, open));
    list.append(rows);
    drawn += PAGE;
    more.hidden = drawn >= results.length;
  }

  function show() {
    const words = fold(search.value).split(/\s+/).filter(Boolean);
    const kept = filters[filter.value] || filters[""];
    if (mode === "people") {
      results = people.filter((person) => kept(person) && words.every((word) => person.text.includes(word)));
      counted.textContent = results.length ? count(results.length, "person", "people") : "";
    } else {
      const all = !words.length && !filter.value;
      results = [];
      for (const app of apps) {
        const held = all ? app.held : app.held.filter((each) => kept(each.person, each)
          && words.every((word) => each.text.includes(word) || each.person.own.includes(word)));
        const named = words.length && !filter.value && words.every((word) => app.text.includes(word));
        if (all || held.length || named) results.push({ app, held });
      }
      counted.textContent = results.length ? count(results.length, "app") : "";
    }
    if (!results.length) counted.textContent = "Nothing matches. Try part of a name, or another filter.";
    list.replaceChildren();
    drawn = 0;
    draw();
  }

  function arrange(by) {
    mode = by;
    byId("by-person").setAttribute("aria-pressed", String(by === "people"));
    byId("by-app").setAttribute("aria-pressed", String(by === "apps"));
    show();
  }

  // A link to a person, from any table of the page.
  function follow() {
    const match = /^#person\/(.+)$/.exec(location.hash);
    if (!match) return;
    let username;
    try { username = decodeURIComponent(match[1]); } catch { return; }
    const person = people.find((each) => each.username === username);
    if (!person) return;
    filter.value = "";
    search.value = username;
    arrange("people");
    if (results.length !== 1) { // the name is part of others' too
      results = [person];
      counted.textContent = count(1, "person", "people");
      list.replaceChildren();
      drawn = 0;
      draw();
    }
    byId("who").scrollIntoView();
    const row = list.querySelector(".row");
    if (row) row.focus({ preventScroll: true });
  }

  let waiting = 0;
  search.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(show, 60); });
  filter.addEventListener("change", show);
  byId("by-person").addEventListener("click", () => arrange("people"));
  byId("by-app").addEventListener("click", () => arrange("apps"));
  more.addEventListener("click", draw);
  new IntersectionObserver((entries) => {
    if (entries.some((entry) => entry.isIntersecting) && !more.hidden && drawn > PAGE) draw();
  }, { rootMargin: "300px" }).observe(more);
  addEventListener("hashchange", follow);
  byId("who-tools").hidden = false;
  show();
  follow();
})();

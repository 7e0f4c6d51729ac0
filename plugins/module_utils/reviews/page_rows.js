// Copyright: the Rollcall contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Drawing: groups, their items, and what belongs to each.
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
const value = (words) => make("bdi", null, String(words));
const chip = (words, kind, title) => make("span", { class: "chip " + (kind || "plain"), title }, words);
const SVG = "http://www.w3.org/2000/svg";
function drawing(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, each] of Object.entries(attributes)) element.setAttribute(name, each);
  element.append(...children);
  return element;
}
function meter(part, all) {
  return drawing("svg", { class: "meter", viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" },
    drawing("rect", { class: "ground", width: "100", height: "6" }),
    drawing("rect", { class: "have", width: String(Math.round((100 * part) / all)), height: "6" }));
}
function initials(words) {
  const parts = words.trim().split(/\s+/).filter(Boolean);
  const first = (word) => (word ? Array.from(word)[0].toUpperCase() : "");
  return parts.length > 1 ? first(parts[0]) + first(parts[parts.length - 1]) : first(parts[0] || "?");
}

const NEWS = { new: "new", again: "back again", moved: "moved", reasons: "new reason", privileged: "now privileged" };
const DECIDED = { keep: "Kept", revoke: "Revoked", change: "Changed" };

let mode = "person";
let groups = []; // as drawn: { head, items, box, list, ... }
let order = []; // the items in their order on the page
const list = byId("list");
const rows = new Map(); // item -> its elements

const peersText = (item) => (item.peers ? item.peers.have + " of " + item.peers.all + " in the same job" : "");
const usedText = (item) => (item.used ? "last used " + day(item.used) : "the app does not tell when it was used");
function whyText(item) {
  if (!item.explained) return "Nothing in the policy gives it";
  if (!item.whys.length) return item.thing.name ? "No reason is recorded" : "An account that gives nothing by itself";
  const why = item.whys[0];
  const more = item.whys.length > 1 ? " (and " + count(item.whys.length - 1, "more reason") + ")" : "";
  return (why.text || (why.kind + " " + why.id).trim()) + more;
}
function title(item) {
  return item.name + (mode === "person" ? " in " + item.app.name : ", " + item.person.name);
}
function marks(item) {
  const found = [];
  if (item.privileged) found.push(chip("privileged", "warn"));
  if (item.app.tier === "critical" && mode === "person") found.push(chip("critical"));
  if (!item.explained) found.push(chip("no rule", "bad"));
  if (item.orphan) found.push(chip("belongs to nobody", "bad"));
  for (const each of item.news) found.push(chip(NEWS[each.code] || each.code, "new", each.text));
  if (unused(item)) found.push(chip("unused", "warn", usedText(item)));
  if (alone(item)) found.push(chip("rare", "warn", peersText(item)));
  return found;
}

function label(item) {
  const words = [title(item), ...marks(item).map((mark) => mark.textContent), whyText(item), peersText(item), item.nextRole && "if revoked, then gets " + item.nextRole];
  words.push(decided(item) ? DECIDED[item.decision] : item.decision ? WORDS[item.decision] + ", " + missing(item) : "undecided");
  return words.filter(Boolean).join("; ");
}

function button(words, decision, item) {
  const made = make("button", { type: "button", class: decision, "aria-pressed": "false" }, words);
  made.addEventListener("click", () => choose(item, decision));
  return made;
}

function drawItem(item) {
  const row = make("div", { class: "item", role: "group", tabindex: "-1", id: "item-" + item.place });
  const name = make("p", { class: "name" }, value(item.name), ...marks(item).flatMap((mark) => [" ", mark]));
  const place = mode === "person" ? item.app.name : [item.person.name, item.person.title].filter(Boolean).join(" · ");
  const below = item.orphan ? item.account : mode === "person" ? item.thing.description : item.person.department;
  const what = make("div", { class: "what" }, name,
    make("p", { class: "place" }, value(place), below ? make("span", { class: "quiet" }, " · ", value(below)) : null));
  const since = item.since ? "since " + day(item.since) : "";
  const why = make("div", { class: "why" },
    make("p", item.explained ? null : { class: "bad-text" }, value(whyText(item))),
    make("p", { class: "quiet" }, [since, item.used ? usedText(item) : "use not known"].filter(Boolean).join(" · ")),
    item.nextRole ? make("p", { class: "then" }, "If revoked, then gets: ", value(item.nextRole)) : null);
  const peers = make("div", { class: "peers" });
  if (item.peers) peers.append(meter(item.peers.have, item.peers.all), make("span", null, item.peers.have + " of " + item.peers.all), make("span", { class: "quiet" }, " in the same job"));
  const keep = button("Keep", "keep", item);
  const revoke = button("Revoke", "revoke", item);
  const change = item.orphan ? button("Assign", "change", item) : item.thing.choices.length ? button("Change", "change", item) : null;
  const buttons = make("div", { class: "choices", role: "group", "aria-label": "Decision on " + title(item) }, keep, revoke, change);
  const id = "details-" + item.place;
  const opener = make("button", { type: "button", class: "opener", "aria-expanded": "false", "aria-controls": id, "aria-label": "Details of " + title(item) });
  const more = make("div", { class: "more", id, hidden: "" });
  const say = make("div", { class: "say", hidden: "" });
  opener.addEventListener("click", () => toggle(item));
  row.append(what, why, peers, buttons, opener, say, more);
  row.addEventListener("focusin", () => visit({ item }));
  rows.set(item, { row, keep, revoke, change, opener, more, say, drawn: "" });
  mark(item);
  return make("li", null, row);
}

// Show in the item's row what is decided about it.
function mark(item) {
  const found = rows.get(item);
  if (!found) return;
  found.row.dataset.decision = item.decision;
  found.row.classList.toggle("open-question", Boolean(item.decision) && !decided(item));
  found.row.setAttribute("aria-label", label(item));
  for (const word of ["keep", "revoke", "change"]) {
    if (found[word]) found[word].setAttribute("aria-pressed", String(item.decision === word));
  }
  drawSay(item, found);
}

// What is to be said with a decision: the other role, the reason.
function drawSay(item, found) {
  const needs = item.decision === "keep" && item.needsReason;
  const shows = Boolean(item.decision) && (needs || item.decision !== "keep" || item.reason !== "" || item.orphan || item.writes);
  found.say.hidden = !shows;
  const drawn = shows ? item.decision : "";
  if (drawn === found.drawn) {
    if (found.reason && found.reason.value !== item.reason) found.reason.value = item.reason;
    if (found.to && found.to.value !== item.changeTo) found.to.value = item.changeTo;
    return found.warn ? found.warn() : undefined;
  }
  found.drawn = drawn;
  found.say.replaceChildren();
  found.reason = found.to = found.warn = null;
  if (!shows) return undefined;
  if (item.orphan && item.decision !== "revoke") {
    found.to = make("input", { type: "text", autocomplete: "off", spellcheck: "false", placeholder: "Username or address", required: "" });
    found.say.append(make("label", null, make("span", null, item.decision === "keep" ? "Who answers for it?" : "Whose is it?"), found.to));
  } else if (item.decision === "change") {
    found.to = make("select", { required: "" }, make("option", { value: "" }, "Choose a role"),
      ...item.thing.choices.map((role) => make("option", { value: role.key }, role.label + (role.privileged ? " (privileged)" : "") + (role.about ? " – " + role.about : ""))));
    found.say.append(make("label", null, make("span", null, "Change to"), found.to));
  }
  if (found.to) {
    found.to.value = item.changeTo;
    found.to.addEventListener(found.to.tagName === "SELECT" ? "change" : "input", () => write(item, "changeTo", found.to.value.trim()));
  }
  const asks = needs ? "Why keep it?" : item.decision === "keep" ? "Reason" : "Reason (optional)";
  found.reason = make("input", { type: "text", list: "reasons", maxlength: "500", autocomplete: "off", "aria-required": String(needs) });
  if (needs) found.reason.setAttribute("required", "");
  found.reason.value = item.reason;
  found.reason.addEventListener("input", () => write(item, "reason", found.reason.value));
  const hint = make("p", { class: "hint" });
  found.warn = () => {
    hint.textContent = needs ? (item.privileged ? "It is privileged, so keeping it takes a reason." : "Nothing in the policy gives it, so keeping it takes a reason. It needs a rule or an exception as well, or it goes with the next run.") : "";
    hint.hidden = !needs || Boolean(item.reason.trim());
  };
  found.say.append(make("label", null, make("span", null, asks), found.reason), hint);
  found.warn();
  return undefined;
}

function drawGroup(group) {
  const head = group.head;
  const person = head.kind === "person";
  const below = person ? [head.title, head.department].filter(Boolean).join(" · ") : [head.tier, head.owner].filter(Boolean).join(" · ");
  const counted = make("span", { class: "counted" });
  const keep = make("button", { type: "button", class: "keep" }, "Keep all");
  const revoke = make("button", { type: "button", class: "revoke" }, "Revoke all");
  keep.addEventListener("click", () => chooseAll(group, "keep"));
  revoke.addEventListener("click", () => chooseAll(group, "revoke"));
  const id = "group-" + head.kind + "-" + head.place;
  group.box = make("div", { class: "head", role: "group", tabindex: "-1", "aria-labelledby": id },
    make("span", { class: "face" + (person ? "" : " app"), "aria-hidden": "true" }, initials(head.name)),
    make("div", { class: "who" }, make("h2", { id }, value(head.name)), below ? make("p", { class: "quiet" }, value(below)) : null),
    counted, make("div", { class: "choices all", role: "group", "aria-label": "All that is undecided of " + head.name }, keep, revoke));
  group.box.addEventListener("focusin", () => visit({ group }));
  group.counted = counted;
  group.buttons = [keep, revoke];
  group.list = make("ul");
  // until its items are drawn, it takes about their place
  group.list.style.minHeight = group.items.length * 66 + "px";
  markGroup(group);
  return make("section", { class: "group" }, group.box, group.list);
}

// Draw the items of a group, where that has not been done.
function fill(group) {
  if (group.filled) return;
  group.filled = true;
  const all = document.createDocumentFragment();
  for (const item of group.items) all.append(drawItem(item));
  group.list.style.minHeight = "";
  group.list.append(all);
}

// Two thousand items take a second to draw: the first ones at once, the others bit by bit.
let filling = 0;
function fillAll() {
  clearTimeout(filling);
  const end = performance.now() + 24;
  const next = groups.find((group) => !group.filled);
  if (!next) return list.setAttribute("aria-busy", "false");
  for (const group of groups) {
    if (performance.now() > end) break;
    fill(group);
  }
  filling = setTimeout(fillAll);
  return undefined;
}
addEventListener("beforeprint", () => groups.forEach(fill));

function markGroup(group) {
  const found = progress(group.items);
  group.counted.textContent = found.left ? found.decided + " of " + found.all : "all " + found.all + " decided";
  group.counted.classList.toggle("done", !found.left);
  for (const each of group.buttons) each.disabled = !group.items.some((item) => !item.decision);
}

const FILTERS = {
  "": () => true,
  undecided: (item) => !decided(item),
  privileged: (item) => item.privileged,
  unexplained: (item) => !item.explained,
  news: (item) => item.news.length > 0,
  unused, alone,
  taken: (item) => item.decision === "revoke" || item.decision === "change",
};

function show() {
  const words = fold(byId("search").value).split(/\s+/).filter(Boolean);
  const fits = FILTERS[byId("filter").value] || FILTERS[""];
  const heads = mode === "person" ? people : apps.slice().sort((a, b) => (fold(a.name) < fold(b.name) ? -1 : 1));
  groups = [];
  rows.clear();
  for (const item of items) item.group = null;
  for (const head of heads) {
    const found = head.items.filter((item) => fits(item) && words.every((word) => item.text.includes(word)));
    if (!found.length) continue;
    const group = { head, items: found, filled: false };
    for (const item of found) item.group = group;
    groups.push(group);
  }
  order = groups.flatMap((group) => group.items);
  const all = document.createDocumentFragment();
  for (const group of groups) all.append(drawGroup(group));
  list.replaceChildren(all);
  list.setAttribute("aria-busy", "true");
  fillAll();
  const shown = order.length;
  byId("found").textContent = shown === items.length ? "" : shown ? count(shown, "item is", "items are") + " shown, of " + items.length.toLocaleString("en-GB") + "." : "Nothing matches. Try part of a name, or another filter.";
}

// Copyright: the Rollcall contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The decisions file: made here, downloaded, and read again; then everything begins.

// SHA-256 (FIPS 180-4) of a text's UTF-8. The browser's own is not there for a page that came over plain HTTP.
function sha256(words) {
  const bytes = new TextEncoder().encode(words);
  const blocks = new Uint8Array(((bytes.length + 8) >> 6) * 64 + 64);
  blocks.set(bytes);
  blocks[bytes.length] = 0x80;
  const view = new DataView(blocks.buffer);
  view.setUint32(blocks.length - 8, Math.floor(bytes.length / 0x20000000));
  view.setUint32(blocks.length - 4, (bytes.length << 3) >>> 0);
  const primes = [];
  for (let n = 2; primes.length < 64; n += 1) if (primes.every((p) => n % p)) primes.push(n);
  const part = (x) => ((x - Math.floor(x)) * 0x100000000) >>> 0;
  const k = primes.map((p) => part(Math.cbrt(p)));
  const hash = primes.slice(0, 8).map((p) => part(Math.sqrt(p)));
  const turn = (x, n) => (x >>> n) | (x << (32 - n));
  const w = new Uint32Array(64);
  for (let at = 0; at < blocks.length; at += 64) {
    for (let i = 0; i < 16; i += 1) w[i] = view.getUint32(at + 4 * i);
    for (let i = 16; i < 64; i += 1) {
      const s0 = turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ (w[i - 15] >>> 3);
      const s1 = turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ (w[i - 2] >>> 10);
      w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    let [a, b, c, d, e, f, g, h] = hash;
    for (let i = 0; i < 64; i += 1) {
      const t1 = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + k[i] + w[i]) | 0;
      const t2 = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((x, i) => { hash[i] = (hash[i] + x) >>> 0; });
  }
  return hash.map((x) => x.toString(16).padStart(8, "0")).join("");
}

// Half of a pair of surrogates is no text that a file could hold.
const whole = (words) => words.trim().replace(/\p{Surrogate}/gu, "\uFFFD");

function documentOf() {
  const decisions = items.map((item) => ({
    item_id: item.id, shown: item.shown, decision: item.decision, change_to: item.decision === "revoke" ? "" : whole(item.changeTo),
    reason: whole(item.reason), at: item.decision ? item.at : "", how: item.how, looked: item.looked,
  }));
  const told = { format: data.format, version: data.version, token: data.token, opened_at: openedAt, saved_at: new Date().toISOString(), decisions };
  const texts = decisions.map((row) => [row.item_id, row.shown, row.decision, row.change_to, row.reason, row.at, row.how, row.looked ? "yes" : "no"]);
  return { ...told, seal: sha256(JSON.stringify([data.token.signature, told.opened_at, told.saved_at, texts])) };
}

function save() {
  const words = JSON.stringify(documentOf(), null, 1) + "\n";
  const url = URL.createObjectURL(new Blob([words], { type: "application/json" }));
  const link = make("a", { href: url, download: data.file });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
  unsaved = false;
  remember();
  tellProgress();
  const found = progress(items);
  const left = found.left ? " " + count(found.left, "item is", "items are") + " left: what nobody decides is " + (data.undecided === "keep" ? "kept" : "taken away") + " after " + day(data.due) + "." : " That is everything.";
  byId("saved-text").textContent = count(found.decided, "decision") + ": " + found.keep + " to keep, " + found.revoke + " to revoke" + (found.change ? ", " + found.change + " to change." : ".") + left;
  byId("saved-name").textContent = data.file;
  byId("saved-copy").value = words;
  openDialog("saved");
}

// Not `autofocus`: that counts when the page is first drawn too, and Chromium complains if somebody was quicker.
function openDialog(name) {
  byId(name).showModal();
  document.querySelector(`[data-close="${name}"]`).focus();
}

async function load(file) {
  const notice = byId("notice");
  notice.hidden = false;
  let found;
  try {
    found = JSON.parse(await file.text());
  } catch {
    notice.textContent = "This is no file that the page saved.";
    return;
  }
  const same = found && found.token && found.token.campaign === data.token.campaign && found.token.stage === data.token.stage && found.token.reviewer === data.token.reviewer;
  if (!same || !Array.isArray(found.decisions)) {
    notice.textContent = "This file is from another review, or for somebody else. Nothing was taken from it.";
    return;
  }
  const kept = {};
  for (const row of found.decisions) {
    if (row && typeof row === "object" && row.decision) kept[row.item_id] = { shown: row.shown, decision: row.decision, changeTo: row.change_to, reason: row.reason, at: row.at, how: row.how, looked: row.looked };
  }
  const taken = restore({ openedAt: found.opened_at, unsaved: false, items: kept });
  strokes.length = 0;
  remember();
  redraw();
  tellProgress();
  notice.textContent = count(taken, "decision") + " taken from the file.";
}

byId("by-person").addEventListener("click", () => arrange("person"));
byId("by-app").addEventListener("click", () => arrange("app"));
byId("filter").addEventListener("change", redraw);
let waiting = 0;
byId("search").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(redraw, 80); });
byId("undo").addEventListener("click", undo);
byId("keys").addEventListener("click", () => openDialog("help"));
byId("save").addEventListener("click", save);
byId("load").addEventListener("change", (event) => { if (event.target.files[0]) load(event.target.files[0]); });
for (const each of document.querySelectorAll("[data-close]")) each.addEventListener("click", () => byId(each.dataset.close).close());
document.addEventListener("keydown", press);

recall();
if (Date.parse(data.due) < Date.now()) {
  byId("notice").textContent = "The deadline has passed. Ask whether decisions are still taken before you begin.";
  byId("notice").hidden = false;
}
byId("bar").hidden = false;
redraw();
learn();
tellProgress();

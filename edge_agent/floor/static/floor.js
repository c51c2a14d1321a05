/* The floor's screen: catches what a wedge scanner types, shows it at once, sends it in order until the box answered, then says the
   box's verdict in colour, icon, sound, vibration and words; and says honestly how fresh the page is (UX 1 and 2). */
(() => {
  "use strict";
  const body = document.body;
  const { station, person, regions, after } = body.dataset;
  const isLogin = "login" in body.dataset;
  const csrf = document.querySelector("meta[name=csrf]").content;
  const $ = (id) => document.getElementById(id);
  const now = () => Date.now();
  document.documentElement.classList.add("has-script");
  for (const part of document.querySelectorAll(".needs-script")) part.hidden = false;

  const drawId = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const fill = (words, values) => words.replace(/\{(\w+)\}/g, (all, name) => (name in values ? values[name] : all));
  const stored = (storage, name, otherwise) => { try { return JSON.parse(storage.getItem(name)) ?? otherwise; } catch { return otherwise; } };
  const store = (storage, name, value) => { try { storage.setItem(name, JSON.stringify(value)); } catch { /* full or forbidden: memory has it */ } };

  /* --- sound and vibration: only after the box's verdict -------------------------------------------------------------------- */
  const SOUNDS = {  /* [Hz, from ms, for ms], shape, vibration */
    ok: { tones: [[1200, 0, 45], [1800, 45, 45]], shape: "sine", buzz: [40] },
    wrong: { tones: [[220, 0, 400]], shape: "sawtooth", buzz: [200, 80, 200] },
    unknown: { tones: [[600, 0, 80], [600, 140, 80], [600, 280, 80]], shape: "square", buzz: [80, 60, 80] },
    duplicate: { tones: [[900, 0, 80], [900, 140, 80]], shape: "sine", buzz: [60] },
  };
  const MOST_BEHIND = 1.5;  /* seconds of sound that may wait: after a burst only what went wrong is still worth hearing */
  let audio = null;
  let soundEnd = 0;
  let volume = stored(localStorage, "floor-volume", 60);
  const unlock = () => {
    try { audio = audio || new AudioContext(); if (audio.state === "suspended") audio.resume(); } catch { audio = null; }
  };
  for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, unlock, { capture: true, passive: true });
  const play = (name) => {
    const sound = SOUNDS[name];
    if (!sound) return;
    if (navigator.vibrate && navigator.userActivation && navigator.userActivation.hasBeenActive) navigator.vibrate(sound.buzz);
    if (!audio || !volume) return;
    const start = Math.max(audio.currentTime, soundEnd);
    if (start - audio.currentTime > MOST_BEHIND && name !== "wrong") return;
    for (const [hertz, from, length] of sound.tones) {
      const tone = audio.createOscillator();
      const loud = audio.createGain();
      const begin = start + from / 1000;
      const end = begin + length / 1000;
      tone.type = sound.shape;
      tone.frequency.value = hertz;
      loud.gain.setValueAtTime(0, begin);
      loud.gain.linearRampToValueAtTime(volume / 100 * (sound.shape === "sine" ? 0.9 : 0.5), begin + 0.005);
      loud.gain.setValueAtTime(volume / 100 * (sound.shape === "sine" ? 0.9 : 0.5), end - 0.01);
      loud.gain.linearRampToValueAtTime(0, end);
      tone.connect(loud).connect(audio.destination);
      tone.start(begin);
      tone.stop(end);
      soundEnd = end + 0.06;
    }
  };
  const slider = $("volume");
  if (slider) {
    slider.value = volume;
    slider.addEventListener("input", () => { volume = Number(slider.value); store(localStorage, "floor-volume", volume); });
    slider.addEventListener("change", () => play("ok"));
  }
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) window.print();
    const test = event.target.closest("[data-sound]");
    if (test) { unlock(); soundEnd = 0; play(test.dataset.sound); }
  });

  /* --- what was captured and what the box said of it ------------------------------------------------------------------------- */
  const KEPT_ROWS = 20;
  const panel = $("panel");
  const said = $("panel-said");
  const caught = $("panel-caught");
  const list = $("readings");
  const done = new Set(list ? Array.from(list.children, (row) => row.dataset.id) : []);
  let spinning = 0;
  let heldSince = 0;  /* since when a refusal is shown: only the answer to a later scan may cover it */
  const shorten = (text) => text.replaceAll("\x1d", "⟨FNC1⟩").slice(0, 60);

  const showCaptured = (entry) => {
    if (list) {
      const row = $("captured-row").content.firstElementChild.cloneNode(true);
      row.dataset.id = entry.id;
      row.querySelector("code").textContent = entry.label || shorten(entry.text);
      list.prepend(row);
      $("no-readings").hidden = true;
    }
    if (!panel) return;
    heldSince = 0;
    panel.hidden = false;
    panel.className = panel.className.replace(/\b(rest|ok|wrong|unknown|duplicate|captured)\b/, "captured");
    caught.textContent = `${entry.label || shorten(entry.text)} …`;
    clearTimeout(spinning);
    spinning = setTimeout(() => { panel.querySelector(".spinner").hidden = !queue.length; }, 400);
  };

  const showVerdict = (answer) => {
    if (done.has(answer.id)) return;
    done.add(answer.id);
    const entry = known.get(answer.id);
    known.delete(answer.id);
    if (list) {
      const row = list.querySelector(`[data-id="${CSS.escape(answer.id)}"]`);
      const made = document.createElement("template");
      made.innerHTML = answer.row;
      if (row && answer.row) row.replaceWith(made.content); else if (row) row.remove(); else list.prepend(made.content);
      if (answer.undoes) {
        const undone = list.querySelector(`[data-id="${CSS.escape(answer.undoes)}"]`);
        if (undone) { undone.classList.add("undone"); undone.querySelector("form")?.remove(); }
      }
      for (const old of Array.from(list.querySelectorAll("li:not(.captured)")).slice(KEPT_ROWS)) old.remove();
      $("no-readings").hidden = Boolean(list.children.length);
    }
    play(answer.verdict);
    if (!panel || (heldSince && entry && entry.at < heldSince && answer.verdict !== "wrong")) return;
    heldSince = answer.verdict === "wrong" || answer.verdict === "unknown" ? now() : 0;
    panel.hidden = false;
    panel.className = panel.className.replace(/\b(rest|ok|wrong|unknown|duplicate|captured)\b/, answer.verdict);
    said.innerHTML = answer.panel;
    panel.querySelector(".spinner").hidden = true;
  };

  /* --- the queue: in order, kept over a reload, sent again under the same id until it is answered ----------------------------- */
  const BATCH = 20;
  const PATIENCE = 20000;
  const QUEUE = `floor-queue:${station}:${person}`;
  let queue = stored(sessionStorage, QUEUE, []);
  const known = new Map();
  let isSending = false;
  let failures = 0;
  let wakeSender = null;
  let mustReload = false;  /* the box began anew: once all is answered, this page does, too */
  const keep = () => store(sessionStorage, QUEUE, queue);

  const capture = (entry) => {
    if (!station) { if (panel) { panel.hidden = false; said.textContent = panel.dataset.noStation; } return; }
    queue.push(entry);
    known.set(entry.id, entry);
    keep();
    showCaptured(entry);
    if (document.hidden) send(); else requestAnimationFrame(() => setTimeout(send));  /* what was captured is painted first */
  };
  const read = (text) => capture({ id: drawId(), text: text.slice(0, 4096), at: now() });

  const request = (batch) => {
    const [first] = batch;
    const to = `/floor/stations/${encodeURIComponent(station)}/`;
    const headers = { Accept: "application/json", "X-Csrf-Token": csrf };
    const signal = AbortSignal.timeout(PATIENCE);
    if (first.control) {
      const fields = { id: first.id, control: first.control, number: first.number ?? "", reading: first.reading ?? "" };
      return fetch(`${to}presses`, { method: "POST", headers, signal, body: new URLSearchParams(fields) });
    }
    const readings = batch.map(({ id, text, at }) => ({ id, text, age: Math.max(0, now() - at) }));
    headers["Content-Type"] = "application/json";
    return fetch(`${to}readings`, { method: "POST", headers, signal, body: JSON.stringify({ readings }) });
  };
  const nextBatch = () => {
    if (queue[0].control) return [queue[0]];
    const end = queue.findIndex((entry) => entry.control);
    return queue.slice(0, Math.min(BATCH, end < 0 ? queue.length : end));
  };
  const send = async () => {
    if (isSending || !station) return;
    isSending = true;
    while (queue.length) {
      const batch = nextBatch();
      try {
        const response = await request(batch);
        if (response.status === 401) { location.assign(`/floor/login?next=${encodeURIComponent(location.pathname)}`); return; }
        if (response.status === 403) { location.reload(); return; }
        if (!response.ok && (response.status >= 500 || response.status === 429)) throw new Error(String(response.status));
        const told = response.ok ? await response.json() : { answers: [] };
        failures = 0;
        queue = queue.slice(batch.length);
        keep();
        for (const answer of told.answers) showVerdict(answer);
        if (told.task) put("task", told.task, told.turn);
        for (const { id } of batch) {
          release(id);
          if (!response.ok) document.querySelector(`.captured[data-id="${id}"]`)?.remove();
        }
        if (!response.ok) location.reload();  /* the box does not take what this page sends: get the page anew */
      } catch {
        failures += 1;
        showFreshness();
        await new Promise((resolve) => { wakeSender = resolve; setTimeout(resolve, Math.min(8000, 500 * 2 ** failures)); });
      }
      showFreshness();
    }
    isSending = false;
    if (mustReload) location.reload();
  };
  const sendNow = () => { if (wakeSender) wakeSender(); send(); };

  /* --- the wedge: a burst of keys that ends with Enter or Tab, wherever the focus is ------------------------------------------ */
  const GAP = 80;      /* ms between two keys of one symbol, at most */
  const MEAN = 45;     /* ms, on average: people do not type so */
  const SHORTEST = 4;
  const ALONE = 8;     /* characters from which a burst without an Enter is a symbol, too */
  const QUIET = 250;  /* ms without a key end a symbol that has no Enter; a busy screen delivers keys late */
  let burst = null;
  let early = null;  /* taken for want of an Enter; by its keys' own times, what comes late may be the rest of it */
  const isRest = (event) => early && event.timeStamp - early.last <= GAP;
  const isField = (target) => target instanceof HTMLElement && (target.matches("input:not([type=range]), textarea, select") || target.isContentEditable);
  const begin = (event) => ({
    text: "", first: event.timeStamp, last: event.timeStamp,
    field: isField(event.target) ? event.target : null, value: isField(event.target) ? event.target.value : "", timer: 0,
  });
  /* fingers that know a PIN roll over its four keys as fast as a scanner types: in its field only what is longer is a badge */
  const shortest = (found) => isLogin && found.field === $("pin") ? ALONE : SHORTEST;
  const isFast = (found) => found.text.length >= shortest(found) && (found.last - found.first) / (found.text.length - 1) <= MEAN;
  const take = (found) => {
    clearTimeout(found.timer);
    if (found.field) found.field.value = isLogin ? "" : found.value;
    if (!isLogin) { read(found.text); return; }
    $("badge").value = found.text;
    $("pin").value = "";
    $("pin").focus();
  };
  document.addEventListener("keydown", (event) => {
    if (event.isComposing) { burst = null; return; }
    const isEnd = event.key === "Enter" || event.key === "Tab";
    if (isEnd) {
      const found = burst;
      burst = null;
      if (!found && isRest(event)) { event.preventDefault(); event.stopImmediatePropagation(); return; }
      if (!found || event.timeStamp - found.last > GAP || !isFast(found)) { if (found) clearTimeout(found.timer); return; }
      event.preventDefault();
      event.stopImmediatePropagation();
      take(found);
      return;
    }
    const isSeparator = event.ctrlKey && event.key === "]";  /* how wedges type FNC1 */
    const character = isSeparator ? "\x1d" : event.key;
    if (event.repeat || character.length !== 1 || event.altKey || event.metaKey || (event.ctrlKey && !isSeparator)) return;
    if (!burst && isRest(event)) { burst = early; early = null; }
    if (!burst || event.timeStamp - burst.last > GAP) { if (burst) clearTimeout(burst.timer); burst = begin(event); }
    burst.text += character;
    burst.last = event.timeStamp;
    clearTimeout(burst.timer);
    const mine = burst;
    burst.timer = setTimeout(() => {
      if (burst === mine && mine.text.length >= ALONE && isFast(mine)) { burst = null; early = mine; take(mine); }
    }, QUIET);
    if (!burst.field && (burst.text.length > 1 || character === "/" || character === "'")) event.preventDefault();
  }, true);

  /* --- keys: the one that stands beside a button presses it, or goes to its field --------------------------------------------- */
  const named = (event) => `${event.altKey ? "Alt+" : ""}${event.altKey && /^Digit\d$/.test(event.code) ? event.code.slice(5) : event.key}`;
  document.addEventListener("keydown", (event) => {
    if (event.repeat || event.isComposing || event.ctrlKey || event.metaKey) return;
    if (event.key === "Delete" && isField(event.target)) return;
    if (!/^(?:F\d+|Delete|Alt\+\d)$/.test(named(event))) return;
    const wanted = document.querySelector(`[aria-keyshortcuts="${named(event)}"]`);
    if (!wanted) return;
    event.preventDefault();
    if (!isField(wanted)) { wanted.click(); return; }
    wanted.focus();
    wanted.select();
  });

  /* --- forms: once each; those of a station go through the queue --------------------------------------------------------------- */
  const busy = new Map();
  const hold = (form, id) => { busy.set(id, form); form.dataset.busy = "1"; form.querySelector("button:not([type=button])")?.setAttribute("aria-busy", "true"); };
  const release = (id) => {
    const form = busy.get(id);
    busy.delete(id);
    if (form) { delete form.dataset.busy; form.querySelector("[aria-busy]")?.removeAttribute("aria-busy"); }
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if (form.dataset.busy) { event.preventDefault(); return; }
    const token = form.querySelector("[name=csrf]");
    if (token) token.value = csrf;
    const fields = Object.fromEntries(new FormData(form));
    const entry = { id: drawId(), at: now(), label: form.querySelector("button:not([type=button])").textContent.trim() };
    if (!station || !("press" in form.dataset || "typed" in form.dataset)) {
      hold(form, entry.id);
      close();  /* the page is left: what its stream says of a log-out must not overtake it */
      return;
    }
    event.preventDefault();
    if ("typed" in form.dataset) { read(fields.text.trim()); form.reset(); form.querySelector("[data-manual]")?.focus(); return; }
    if (form.contains(document.activeElement) && isField(document.activeElement)) document.activeElement.blur();  /* the typing is over */
    hold(form, entry.id);
    capture({ ...entry, control: fields.control, number: fields.number, reading: fields.reading });
  });
  window.addEventListener("pageshow", () => { for (const id of Array.from(busy.keys())) release(id); });
  let stepping = 0;
  document.addEventListener("click", (event) => {
    const step = event.target.closest("[data-step]");
    if (!step) return;
    const field = step.form.querySelector("[name=number]");
    field.value = Math.max(1, (Number.parseInt(field.value, 10) || 0) + Number(step.dataset.step));
    clearTimeout(stepping);
    stepping = setTimeout(() => step.form.isConnected && step.form.requestSubmit(), 400);
  });

  /* --- live regions ------------------------------------------------------------------------------------------------------------ */
  const waiting = new Map();
  const turns = {};
  const shown = {};
  const put = (name, html, turn) => {
    const region = $(`region-${name}`);
    if (!region || turn < (turns[name] || 0) || html === shown[name]) return;  /* an older look that came later, or nothing new */
    turns[name] = turn;
    const active = document.activeElement;
    if (region.contains(active) && isField(active)) { waiting.set(name, { html, turn }); return; }  /* nobody's typing is taken away */
    waiting.delete(name);
    shown[name] = html;
    if (window.htmx) htmx.swap({ target: region, text: html, swap: "innerMorph" }); else region.innerHTML = html;
    requestAnimationFrame(() => { if (name === "task") showTitle(); ageAll(); });
  };
  const showTitle = () => {  /* the task may have been begun by a scan: the page is called as it is now */
    const title = $("task-title"), task = document.querySelector("#region-task h2");
    if (!title || !task || title.textContent === task.textContent) return;
    document.title = document.title.replace(title.textContent, task.textContent);
    title.textContent = task.textContent;
  };
  document.addEventListener("focusout", () => setTimeout(() => { for (const [name, { html, turn }] of Array.from(waiting)) put(name, html, turn); }));

  /* --- how fresh the page is ---------------------------------------------------------------------------------------------------- */
  const BUDGET = 10000;
  const banner = $("banner");
  const wire = $("wire");
  let lastBeat = now();
  let lastTime = "";
  let link = null;
  let text = "";
  const age = () => {
    const seconds = Math.floor((now() - lastBeat) / 10000) * 10;
    return seconds < 60 ? fill(banner.dataset.seconds, { n: seconds }) : fill(banner.dataset.minutes, { n: Math.floor(seconds / 60) });
  };
  /* numbers: data-asof says when each was so; those with data-beats are so as of the latest beat (what changes is sent at once) */
  let offset = wire ? Date.parse(wire.dataset.now) - now() : 0;  /* of the box's clock to this screen's */
  const UNITS = [["days", 86400], ["hours", 3600], ["minutes", 60], ["seconds", 1]];
  const howOld = (seconds) => {
    const [name, length] = UNITS.find(([, each]) => seconds >= each) || UNITS[3];
    return fill(wire.dataset.old, { age: fill(banner.dataset[name], { n: Math.floor(seconds / length) }) });
  };
  const ageAll = () => {
    if (!wire) return;
    for (const number of document.querySelectorAll("[data-asof]")) {
      if ("beats" in number.dataset) number.dataset.asof = new Date(lastBeat + offset).toISOString();
      const seconds = (now() + offset - Date.parse(number.dataset.asof)) / 1000;
      const isOld = seconds > Number(number.dataset.budget || BUDGET / 1000);
      number.classList.toggle("aged", isOld);
      if (isOld) number.dataset.age = howOld(seconds); else delete number.dataset.age;
    }
  };
  const others = () => {
    let count = 0;
    try {
      for (const name of Object.keys(sessionStorage)) if (name.startsWith("floor-queue:") && name !== QUEUE) count += stored(sessionStorage, name, []).length;
    } catch { /* no storage */ }
    return count;
  };
  const showFreshness = () => {
    if (!banner || !wire) return;
    const isLate = now() - lastBeat > BUDGET;
    const state = isLate ? "delayed" : link ? link.wire : wire.dataset.wire;
    const words = [];
    if (isLate) words.push(fill(banner.dataset.delayed, { time: lastTime || wire.dataset.time, age: age() }));
    else if (state === "offline") words.push(link && link.waiting ? fill(banner.dataset.offline, { n: link.waiting }) : banner.dataset.offlineNone);
    else if (state === "reconnecting") words.push(fill(banner.dataset.reconnecting, link));
    if (failures && queue.length) words.push(fill(banner.dataset.kept, { n: queue.length }));
    const foreign = person && others();
    if (foreign) words.push(fill(banner.dataset.other, { n: foreign }));
    wire.dataset.wire = state;
    wire.hidden = !link && !isLate;
    document.documentElement.classList.toggle("is-stale", isLate);
    const told = words.join(" ");
    if (told !== text) { text = told; banner.querySelector("[data-text]").textContent = told; }
    banner.hidden = !told;
    const count = $("waiting");
    if (count && link) count.textContent = link.waiting ? fill(count.dataset.some, { n: link.waiting }) : count.dataset.none;
  };

  let source = null;
  let lastId = after;
  let closedAt = 0;
  const close = () => { if (source) source.close(); source = null; closedAt = now(); };
  const follow = () => {
    if (document.hidden || source || isLogin || (!station && !regions)) return;
    const asked = new URLSearchParams({ regions, after: lastId });
    if (station) asked.set("station", station);
    source = new EventSource(`/floor/events?${asked}`);
    source.addEventListener("beat", (event) => {
      link = JSON.parse(event.data);
      lastBeat = now();
      lastTime = link.time;
      offset = Date.parse(link.at) - now();
      showFreshness();
      if (queue.length) sendNow();
    });
    source.addEventListener("answer", (event) => { lastId = event.lastEventId; showVerdict(JSON.parse(event.data)); });
    source.addEventListener("region", (event) => { const { name, html, turn } = JSON.parse(event.data); put(name, html, turn); });
    source.addEventListener("weight", (event) => {
      const { scale, html } = JSON.parse(event.data);
      const box = $(`weight-${scale}`);
      if (box) box.innerHTML = html;
    });
    source.addEventListener("reload", () => { mustReload = true; if (!isSending) location.reload(); });
    source.addEventListener("signed-out", () => { close(); location.assign(`/floor/login?next=${encodeURIComponent(location.pathname)}`); });
    source.addEventListener("error", () => { if (source && source.readyState === EventSource.CLOSED) close(); });
  };
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { close(); return; }
    lastBeat = now();
    follow();
    sendNow();
  });
  window.addEventListener("online", sendNow);
  window.addEventListener("pagehide", close);
  setInterval(() => {
    if (isLogin) return;
    if (!document.hidden && !source && now() - closedAt > 3000) follow();
    if (station || regions) showFreshness();
    ageAll();
  }, 1000);

  for (const entry of queue) { known.set(entry.id, entry); if (!done.has(entry.id)) showCaptured(entry); }
  follow();
  if (queue.length) send();
})();

/* Rows to choose: by mouse (Shift: a range), by keys (x, Shift+X, a, Esc), all that match; and a list that is live without jumping:
   while somebody points at it or has chosen rows, rows change where they are, and what came or went is said above. */
(() => {
  "use strict";
  const region = document.getElementById("live");
  if (!region) return;
  const form = document.getElementById("bulk"), newer = document.getElementById("newer");
  const chosen = new Set();
  let last = null, waiting = null;
  const list = () => region.querySelector("[data-list]");
  const ticks = () => [...region.querySelectorAll("tbody tr[data-no] input[type=checkbox]")];
  const number = (tick) => tick.closest("tr").dataset.no;
  const matching = () => form && form.elements.which && form.elements.which.value === "matching";
  const shown = (n) => (n > 10000 ? "10,000+" : String(n));
  const tell = () => {
    for (const tick of ticks()) tick.closest("tr").toggleAttribute("aria-current", chosen.has(number(tick)));
    if (!form) return;
    const words = document.getElementById("chosen"), all = matching(), n = all ? Number(form.elements.count.value) : chosen.size;
    form.hidden = !all && !chosen.size;
    words.textContent = all ? words.dataset.all.replace("{n}", shown(n)) : n === 1 ? words.dataset.one : words.dataset.many.replace("{n}", n);
    const cancels = form.elements.action.value === "cancel", typed = document.getElementById("typed");
    typed.hidden = !cancels;
    form.elements.typed.required = cancels;
    form.elements.typed.placeholder = cancels ? String(n) : "";
    const tags = ["tag", "untag"].includes(form.elements.action.value), tagged = document.getElementById("tagged");
    if (!tagged) return;
    tagged.hidden = !tags;
    form.elements.tag.required = tags;
  };
  const apply = () => { for (const tick of ticks()) tick.checked = chosen.has(number(tick)); tell(); };
  const choose = (tick, on) => { if (on) chosen.add(number(tick)); else chosen.delete(number(tick)); tick.checked = on; };
  const range = (tick) => {
    const all = ticks(), from = all.findIndex((one) => number(one) === last), to = all.indexOf(tick);
    for (const one of all.slice(Math.min(from < 0 ? to : from, to), Math.max(from, to) + 1)) choose(one, true);
  };
  const none = () => { chosen.clear(); last = null; if (form && form.elements.which) form.elements.which.value = "chosen"; apply(); };
  region.addEventListener("click", (event) => {
    const tick = event.target.closest("input[type=checkbox]");
    if (!tick || !ticks().includes(tick)) return;
    if (event.shiftKey && last) range(tick); else choose(tick, tick.checked);
    last = number(tick);
    tell();
  });
  region.addEventListener("mousedown", (event) => { if (event.shiftKey && event.target.closest(".tick")) event.preventDefault(); });
  document.addEventListener("keydown", (event) => {
    const keys = document.getElementById("keys");
    if (!form || !keys || keys.open || keys.querySelector("input").checked || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (event.key === "Escape" && chosen.size) { none(); return; }
    if (event.target.closest("input:not([type=checkbox]), select, textarea")) return;
    const row = document.activeElement.closest("tr[data-no]"), tick = row && row.querySelector("input[type=checkbox]");
    if (event.key === "x" && tick) { choose(tick, !tick.checked); last = number(tick); }
    else if (event.key === "X" && tick) { range(tick); last = number(tick); }
    else if (event.key === "a") { const all = ticks(), on = all.some((one) => !one.checked); for (const one of all) choose(one, on); }
    else if (event.key === "b" && !form.hidden) form.elements.action.focus();
    else return;
    event.preventDefault();
    tell();
  });

  /* A list that somebody points at, works in or chose from stays as it is ordered; its rows are brought up to date where they are. */
  const busy = () => chosen.size > 0 || matching() || !!region.querySelector("tbody:hover") || !!region.querySelector("tbody :focus");
  const say = (came, gone) => {
    const words = newer.querySelector("p");
    words.textContent = [came && words.dataset.new.replace("{n}", came), gone && words.dataset.gone.replace("{n}", gone)].filter(Boolean).join(" · ");
    newer.hidden = !came && !gone;
  };
  const patch = (text) => {
    const fresh = new DOMParser().parseFromString(text, "text/html");
    const rows = new Map([...fresh.querySelectorAll("tr[data-no]")].map((row) => [row.dataset.no, row]));
    let gone = 0;
    for (const row of region.querySelectorAll("tr[data-no]")) {
      const now = rows.get(row.dataset.no);
      rows.delete(row.dataset.no);
      row.classList.toggle("gone", !now);
      if (!now) { gone += 1; continue; }
      [...row.cells].forEach((cell, at) => {
        if (at && now.cells[at] && !cell.contains(document.activeElement) && cell.innerHTML !== now.cells[at].innerHTML) cell.innerHTML = now.cells[at].innerHTML;
      });
    }
    const views = fresh.querySelector(".views"), here = region.querySelector(".views");
    if (views && here && !here.contains(document.activeElement)) here.innerHTML = views.innerHTML;
    say(rows.size, gone);
  };
  const settle = () => {
    const now = list();
    if (form && now) {
      form.elements.upto.value = now.dataset.upto;
      form.elements.count.value = now.dataset.count;
      const all = document.getElementById("all-matching");
      if (all) all.textContent = all.dataset.text.replace("{n}", shown(Number(now.dataset.count)));
    }
    waiting = null;
    say(0, 0);
    apply();
  };
  region.addEventListener("live:new", (event) => {
    event.preventDefault();
    if (busy()) { waiting = event.detail; patch(event.detail.text); return; }
    event.detail.put().then(settle);
  });
  newer.querySelector("button").addEventListener("click", () => { if (waiting) waiting.put().then(settle); });
  if (form) {
    form.addEventListener("change", tell);
    form.addEventListener("submit", () => {  /* one field instead of one for each: a form has a bounded number of fields */
      form.elements.orders.value = matching() ? "" : [...chosen].join(" ");
      for (const tick of ticks()) tick.disabled = true;
    });
    addEventListener("pageshow", () => { for (const tick of ticks()) tick.disabled = false; });
    for (const no of form.elements.orders.value.split(" ").filter(Boolean)) chosen.add(no);
    for (const tick of ticks()) if (tick.checked) chosen.add(number(tick));
  }
  apply();
})();

/* Says honestly how fresh the page is (UX 2): no heartbeat for 10 s, or an error of the stream, makes it stale. */
(() => {
  "use strict";
  const BUDGET = 10000;
  const banner = document.getElementById("stale");
  const state = document.getElementById("link-state");
  if (!banner || !state) return;
  let last = Date.now();
  let lastText = state.dataset.now;
  const show = (live) => {
    banner.hidden = live;
    document.documentElement.classList.toggle("is-stale", !live);
    state.dataset.state = live ? "live" : "stale";
    state.querySelector("span").textContent = live ? state.dataset.live : state.dataset.stale;
    if (live) return;
    const words = banner.querySelector("[data-text]");
    words.textContent = words.dataset.text.replace("{time}", lastText);
  };
  const beat = (event) => {
    last = Date.now();
    if (event && event.detail && event.detail.data) lastText = event.detail.data;
    show(true);
  };
  document.addEventListener("beat", beat);
  document.addEventListener("ended", () => {  /* the session is over, or opens something else now */
    location.assign("/login?next=" + encodeURIComponent(location.pathname + location.search));
  });
  document.addEventListener("htmx:sse:after:connection", () => { if (!document.hidden) beat(); });
  document.addEventListener("htmx:sse:error", () => { if (!document.hidden) show(false); });
  document.addEventListener("htmx:sse:close", () => { if (!document.hidden) show(false); });

  /* A browser allows a host six connections on HTTP/1.1, over all tabs: a tab that nobody sees must hold none.  The extension stops
     reading when a tab is hidden and begins anew when it is shown; a tab that is hidden from the start, or becomes so while it
     connects, is left to us. */
  const feed = document.getElementById("feed");
  let starting = false;
  const follow = async () => {
    if (document.hidden || starting || (feed._htmx && feed._htmx.sse)) return;
    starting = true;
    try { await htmx.ajax("GET", "/events", { source: feed, timeout: htmx.config.defaultTimeout }); } finally { starting = false; }
  };
  document.addEventListener("htmx:sse:after:connection", (event) => {
    if (document.hidden) event.detail.connection.abortController.abort();
  });
  document.addEventListener("visibilitychange", () => {
    last = Date.now();
    follow();
  });
  setTimeout(follow);  /* behind the set-up of htmx, which does the same */
  setInterval(() => {
    if (!document.hidden && Date.now() - last > BUDGET) show(false);
    follow();  /* a start that failed is tried again */
  }, 1000);
})();

/* Keeps the region #live as it is now: the same address is asked for its fragment, and what came is put in its place. */
(() => {
  "use strict";
  const region = document.getElementById("live");
  const banner = document.getElementById("refresh-stale");
  const state = document.getElementById("refresh-state");
  if (!region || !banner || !state) return;
  const PERIOD = 4000, PATIENCE = 9000;
  let lastText = state.dataset.now, held = null, running = false;
  const show = (live) => {
    banner.hidden = live;
    document.documentElement.classList.toggle("is-stale", !live);
    state.dataset.state = live ? "live" : "stale";
    state.querySelector("span").textContent = live ? state.dataset.live : state.dataset.stale;
    if (!live) { const words = banner.querySelector("p"); words.textContent = words.dataset.text.replace("{time}", lastText); }
  };
  const look = async () => {
    if (document.hidden || running || region.querySelector("details[open]")) return;  /* somebody is filling something in */
    running = true;
    try {
      const answer = await fetch(location.href, { headers: { "HX-Request": "true", Accept: "text/html" }, signal: AbortSignal.timeout(PATIENCE) });
      if (answer.redirected || answer.status === 401) { location.assign("/login?next=" + encodeURIComponent(location.pathname + location.search)); return; }
      if (!answer.ok) { show(false); return; }
      const text = await answer.text();
      if (held !== text) {
        held = text;
        const put = () => htmx.swap({ text, target: region, sourceElement: region, swap: "innerMorph" });
        if (region.dispatchEvent(new CustomEvent("live:new", { cancelable: true, detail: { text, put } }))) await put();
      }
      lastText = answer.headers.get("X-As-Of") || lastText;
      show(true);
    } catch { show(false); } finally { running = false; }
  };
  setInterval(look, PERIOD);
  document.addEventListener("visibilitychange", look);
  if (region.querySelector("[data-list]")) setTimeout(look);  /* what takes longer than a page may comes behind it */
  state.dataset.state = "live";
  state.querySelector("span").textContent = state.dataset.live;
})();

/* Keys of the office (UX 5): "/" to the search, "g" and a letter to a page, "j" and "k" along the rows, "?" for the list.  They can be
   turned off, and do nothing while somebody types. */
(() => {
  "use strict";
  const list = document.getElementById("keys");
  const find = document.getElementById("find");
  if (!list || !find) return;
  const off = list.querySelector("input");
  const stored = () => { try { return localStorage.getItem("keys") === "off"; } catch { return false; } };
  off.checked = stored();
  off.addEventListener("change", () => { try { localStorage.setItem("keys", off.checked ? "off" : "on"); } catch { /* kept for this page */ } });
  const pages = { h: "/", s: "/stock", o: "/orders", t: "/tasks", p: "/prints", f: "/fleet" };
  let going = 0;
  const along = (step) => {
    const links = [...document.querySelectorAll("main tbody tr, main .cards li")].map((row) => row.querySelector("a") || row.querySelector("button, input")).filter(Boolean);
    const at = links.findIndex((link) => link.closest("tr, li").contains(document.activeElement));
    const next = links[Math.min(Math.max(at + step, 0), links.length - 1)];
    if (next) next.focus();
  };
  document.addEventListener("keydown", (event) => {
    if (off.checked || event.ctrlKey || event.altKey || event.metaKey || event.isComposing || list.open) return;
    if (event.target.closest("input:not([type=checkbox]), select, textarea, [contenteditable]")) return;
    const go = Date.now() - going < 1500;
    going = 0;
    if (go && pages[event.key]) {
      const link = document.querySelector(`.rail a[href="${pages[event.key]}"]`);
      if (link) location.assign(link.href);
    } else if (event.key === "/") find.focus();
    else if (event.key === "g") { going = Date.now(); return; }
    else if (event.key === "j") along(1);
    else if (event.key === "k") along(-1);
    else if (event.key === "?") list.showModal();
    else return;
    event.preventDefault();
  });
})();

/* The rail and the menu are longer than a screen: where one is, is in sight. */
(() => {
  "use strict";
  const show = (list) => {
    const here = list && list.querySelector("[aria-current]");
    if (here) list.scrollTop += here.getBoundingClientRect().top - list.getBoundingClientRect().top - (list.clientHeight - here.offsetHeight) / 2;
  };
  show(document.querySelector(".rail"));
  const menu = document.querySelector(".menu");
  if (menu) menu.addEventListener("toggle", () => show(menu.querySelector(".sheet")));
})();

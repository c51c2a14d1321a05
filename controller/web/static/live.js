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
  document.addEventListener("htmx:sse:after:connection", () => beat());
  document.addEventListener("htmx:sse:error", () => show(false));
  document.addEventListener("htmx:sse:close", () => show(false));
  document.addEventListener("visibilitychange", () => { if (!document.hidden) last = Date.now(); });
  setInterval(() => { if (!document.hidden && Date.now() - last > BUDGET) show(false); }, 1000);
})();

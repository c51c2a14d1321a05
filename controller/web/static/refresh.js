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
    if (document.hidden || running) return;
    running = true;
    try {
      const answer = await fetch(location.href, { headers: { "HX-Request": "true", Accept: "text/html" }, signal: AbortSignal.timeout(PATIENCE) });
      if (answer.redirected || answer.status === 401) { location.assign("/login?next=" + encodeURIComponent(location.pathname + location.search)); return; }
      if (!answer.ok) { show(false); return; }
      const text = await answer.text();
      if (held !== text) { held = text; await htmx.swap({ text, target: region, sourceElement: region, swap: "innerMorph" }); }
      lastText = answer.headers.get("X-As-Of") || lastText;
      show(true);
    } catch { show(false); } finally { running = false; }
  };
  setInterval(look, PERIOD);
  document.addEventListener("visibilitychange", look);
  state.dataset.state = "live";
  state.querySelector("span").textContent = state.dataset.live;
})();

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

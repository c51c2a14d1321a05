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
    const links = [...document.querySelectorAll("main tbody tr")].map((row) => row.querySelector("a, button, input")).filter(Boolean);
    const at = links.findIndex((link) => link.closest("tr").contains(document.activeElement));
    const next = links[Math.min(Math.max(at + step, 0), links.length - 1)];
    if (next) next.focus();
  };
  document.addEventListener("keydown", (event) => {
    if (off.checked || event.ctrlKey || event.altKey || event.metaKey || event.isComposing || list.open) return;
    if (event.target.closest("input, select, textarea, [contenteditable]")) return;
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

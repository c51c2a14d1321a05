/* A screen in a store: digits by touch, scans wherever the focus is, and nothing of anybody left after half a minute of quiet. */
(() => {
  "use strict";
  const entry = document.getElementById("entry");
  const home = document.body.dataset.home;
  const quiet = Number(document.body.dataset.quiet) * 1000;
  const left = document.getElementById("quiet");
  if (!entry) return;

  const keypad = document.querySelector(".keypad");
  keypad.hidden = false;
  keypad.addEventListener("click", (event) => {
    const digit = event.target.closest("[data-digit]")?.dataset.digit;
    if (!digit) return;
    entry.value = digit === "back" ? entry.value.slice(0, -1) : (entry.value + digit).slice(0, entry.maxLength);
    entry.focus();
  });

  /* What a scanner types belongs into the field, whatever has the focus; on an answer, it is another question. */
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.key.length !== 1 || document.activeElement === entry) return;
    event.preventDefault();
    entry.focus();
    entry.value += event.key;
  });
  if (entry.name === "sealed_proof") {
    /* Letters are no last digits: a scan of the next paper, or of the pick-up code, asks anew. */
    entry.form.addEventListener("submit", () => {
      if (/^[0-9]{1,4}$/.test(entry.value.trim())) return;
      entry.form.querySelector("[name=sealed_number]").disabled = true;
      entry.name = "sealed_number";
    });
  }

  let until = Date.now() + quiet;
  const busy = () => "busy" in document.body.dataset || entry.value !== "";
  for (const kind of ["pointerdown", "keydown", "input"]) {
    document.addEventListener(kind, () => { until = Date.now() + quiet; }, { capture: true, passive: true });
  }
  setInterval(() => {
    const rest = until - Date.now();
    if (left) left.textContent = left.dataset.text.replace("{n}", String(Math.max(Math.ceil(rest / 1000), 0)));
    if (rest > 0) return;
    if (busy() || document.documentElement.lang !== new URL(home, location.href).searchParams.get("lang")) location.replace(home);
    else until = Date.now() + quiet;
  }, 250);
  addEventListener("pageshow", (event) => { if (event.persisted) location.replace(home); });
})();

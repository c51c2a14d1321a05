// The bench: buttons become commands to an emulator, reports of emulators become what is seen.
"use strict";

const message = document.getElementById("message");

const NO_BEEP_MS = 2000;
const timers = new Map(); // device -> when to say that nothing was heard
const SETTLED_MS = 1000;
const wanted = new Map(); // a switch just turned -> how; what was reported before that does not turn it back

function sayBeep(section, word) {
  const place = section.querySelector("[data-beep]");
  const said = word && section.querySelector(`[data-beep-word="${word}"]`).content.cloneNode(true);
  place.replaceChildren(...(said ? [said] : []));
}

function awaitBeep(device) {
  const section = document.querySelector(`[data-device="${device}"]`);
  clearTimeout(timers.get(device));
  sayBeep(section, "");
  timers.set(device, setTimeout(() => sayBeep(section, "none"), NO_BEEP_MS));
}

function hearBeep(device, section) {
  const place = section.querySelector("[data-beep]");
  if (!place || place.dataset.beep === String(device.beeps)) return;
  place.dataset.beep = device.beeps;
  clearTimeout(timers.get(device.id));
  sayBeep(section, device.seen.beeped.times < 3 ? "saved" : "refused");
}

async function send(device, command) {
  if (command.do === "scan") awaitBeep(device);
  const response = await fetch(`/devices/${device}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Bench": "1" },
    body: JSON.stringify(command),
  });
  message.textContent = response.ok ? "" : (await response.json()).message;
  message.classList.toggle("bad", !response.ok);
}

function deviceOf(element) {
  return element.closest("[data-device]").dataset.device;
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.dataset.do) return;
  event.preventDefault();
  send(deviceOf(form), { do: form.dataset.do, ...Object.fromEntries(new FormData(form)) });
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.scan) send(deviceOf(button), { do: "scan", text: button.dataset.scan, aim: button.dataset.aim || "" });
  if (button.dataset.command) send(deviceOf(button), JSON.parse(button.dataset.command));
});

async function turn(box) {
  const turned = { on: box.checked };
  wanted.set(box, turned);
  await send(deviceOf(box), { do: "fault", name: box.dataset.fault, on: turned.on });
  setTimeout(() => {
    if (wanted.get(box) !== turned) return;
    wanted.delete(box);
    box.checked = box.dataset.reported === "true";
  }, SETTLED_MS);
}

function showSwitch(box, isOn) {
  box.dataset.reported = isOn;
  if (wanted.get(box)?.on === isOn) wanted.delete(box);
  if (!wanted.has(box)) box.checked = isOn;
}

document.addEventListener("change", (event) => {
  if (event.target.dataset.fault) turn(event.target);
});

document.addEventListener("input", (event) => {
  const list = document.getElementById(event.target.dataset.filter || "");
  if (!list) return;
  const text = event.target.value.trim().toLowerCase();
  for (const item of list.children) item.hidden = !item.textContent.toLowerCase().includes(text);
});

function show(device) {
  const section = document.querySelector(`[data-device="${device.id}"]`);
  for (const box of section.querySelectorAll("[data-fault]")) showSwitch(box, device.faults.includes(box.dataset.fault));
  for (const output of section.querySelectorAll("[data-seen]")) {
    const report = device.seen[output.dataset.seen];
    if (report) output.textContent = report[output.dataset.field];
  }
  const rows = section.querySelector("[data-rows]");
  if (rows) rows.textContent = device.seen.display ? device.seen.display.rows.join("\n") : "\n";
  hearBeep(device, section);
  const copies = section.querySelector("[data-copies]");
  if (copies) copies.textContent = device.copies;
  const papers = section.querySelector(".papers");
  if (!papers || !device.papers.length) return;
  papers.querySelector(".empty")?.remove();
  const shown = new Set([...papers.querySelectorAll("img")].map((image) => image.dataset.number));
  for (const paper of device.papers) {
    if (shown.has(String(paper.number))) continue;
    const image = new Image();
    image.src = `/devices/${device.id}/papers/${paper.number}.png`;
    image.alt = `${device.id} ${paper.number}`;
    image.dataset.number = paper.number;
    papers.prepend(image);
  }
}

function follow() {
  const source = new EventSource("/reports");
  source.onmessage = (event) => {
    document.body.classList.remove("stale");
    for (const device of JSON.parse(event.data)) show(device);
  };
  source.onerror = () => document.body.classList.add("stale");
}
follow();

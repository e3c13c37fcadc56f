// The wallboard is heard: a siren for each new critical sign, a soft tone for any other. Browsers let a page sound only after
// somebody pressed something on it, so there is a button; the choice is remembered, the permission cannot be.
const signs = () => document.getElementById("wall-signs");
const wall = document.querySelector(".wall");
const bar = document.querySelector(".wall-sound");
const soundSwitch = document.getElementById("sound-switch");
const lightSwitch = document.getElementById("light-switch");
const SOUND = "wallboard sound";
const LIGHT = "wallboard light";
const TEST_MS = 2500;
const AGAIN_MS = 20_000; // a critical sign that nobody answers is heard again and again
const heard = new Set();
let context = null;
let testing = false;

const wanted = (key, unless) => { try { return (localStorage.getItem(key) ?? unless) === "on"; } catch { return unless === "on"; } };
const remember = (key, on) => { try { localStorage.setItem(key, on ? "on" : "off"); } catch { /* private window: for this time only */ } };
let soundOn = wanted(SOUND, "off");
let lightOn = wanted(LIGHT, "on");

function tone(from, to, start, length, volume, shape) {
  const source = context.createOscillator();
  const gain = context.createGain();
  source.type = shape;
  source.frequency.setValueAtTime(from, start);
  source.frequency.linearRampToValueAtTime(to, start + length);
  gain.gain.setValueAtTime(0.0001, start);
  gain.gain.exponentialRampToValueAtTime(volume, start + 0.05);
  gain.gain.exponentialRampToValueAtTime(0.0001, start + length);
  source.connect(gain).connect(context.destination);
  source.start(start);
  source.stop(start + length);
}

const SOUNDS = {
  siren() { for (let turn = 0; turn < 4; turn += 1) { tone(520, 980, context.currentTime + turn * 0.9, 0.45, 0.5, "sawtooth"); tone(980, 520, context.currentTime + turn * 0.9 + 0.45, 0.45, 0.5, "sawtooth"); } },
  soft() { tone(660, 660, context.currentTime, 0.35, 0.2, "sine"); tone(880, 880, context.currentTime + 0.3, 0.5, 0.2, "sine"); },
};

function sound(kind) {
  const isHeard = soundOn && context?.state === "running";
  if (isHeard) SOUNDS[kind]();
  document.dispatchEvent(new CustomEvent("switchback:sounded", { detail: { kind, heard: isHeard } }));
}

function show() {
  const state = !soundOn ? "off" : context?.state === "running" ? "on" : "blocked";
  wall.dataset.sound = state;
  wall.dataset.light = lightOn ? "on" : "off";
  wall.dataset.alarm = testing || signs()?.dataset.loud ? "loud" : "none";
  bar.querySelector("[data-says]").textContent = bar.dataset[state];
  const pressed = state === "on";
  soundSwitch.setAttribute("aria-pressed", String(pressed));
  soundSwitch.textContent = pressed ? soundSwitch.dataset.turnOff : soundSwitch.dataset.turnOn;
  lightSwitch.setAttribute("aria-pressed", String(lightOn));
  lightSwitch.textContent = lightOn ? lightSwitch.dataset.turnOff : lightSwitch.dataset.turnOn;
}

async function unlock() {
  context ??= new AudioContext();
  if (context.state === "suspended") await Promise.race([context.resume(), new Promise((done) => setTimeout(done, 500))]);
  show();
}

function listen() {
  const here = signs();
  if (!here) return;
  const fresh = (name) => here.dataset[name].split(" ").filter((id) => id && !heard.has(`${name} ${id}`));
  const loud = fresh("loud");
  const soft = fresh("soft");
  loud.forEach((id) => heard.add(`loud ${id}`));
  soft.forEach((id) => heard.add(`soft ${id}`));
  if (loud.length) sound("siren"); else if (soft.length) sound("soft");
  show();
}

soundSwitch.addEventListener("click", async () => {
  const turnOn = wall.dataset.sound !== "on";
  soundOn = turnOn;
  remember(SOUND, turnOn);
  if (turnOn) { await unlock(); sound("soft"); }
  show();
});

lightSwitch.addEventListener("click", () => { lightOn = !lightOn; remember(LIGHT, lightOn); show(); });

document.getElementById("sound-test").addEventListener("click", async () => {
  soundOn = true;
  remember(SOUND, true);
  await unlock();
  testing = true;
  sound("siren");
  show();
  setTimeout(() => { testing = false; show(); }, TEST_MS);
});

// Any press on the page is permission enough when sound was chosen on an earlier day.
document.addEventListener("pointerdown", () => { if (soundOn && context?.state !== "running") unlock(); });
document.addEventListener("switchback:fresh", listen);
bar.hidden = false;
for (const name of ["loud", "soft"]) signs()?.dataset[name].split(" ").filter(Boolean).forEach((id) => heard.add(`${name} ${id}`));
setInterval(() => { if (signs()?.dataset.loud && !document.hidden) sound("siren"); }, AGAIN_MS);
if (soundOn) unlock(); else show();

// The page: it gathers pictures, asks the frozen backbone for their features, trains a head on
// them and shows what came out. The learning itself is in learning.js, the pictures in pictures.js.

import * as ort from "./ort.wasm.bundle.min.mjs";
import * as learning from "./learning.js";
import * as pictures from "./pictures.js";

const MOST_CLASSES = 6;
const FEW = 5; // pictures of a class; fewer are too few to believe anything
const SEED = 0; // which pictures are held out is the same each time

const find = (id) => document.getElementById(id);
const classes = []; // {name, pictures: [{file, url, features}], card}
let trained = null; // {head, names} after a training, until a picture or a class changes
let camera = null; // the stream, while it is on

const course = await (await fetch("course.json")).json(); // written by tools/build_playground.py
find("megabytes").textContent = course.megabytes;
find("size").textContent = course.image_size;
find("lesson").href = course.lesson;
const theme = localStorage.getItem("theme"); // the course's site keeps the reader's choice there
if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;

// ------------------------------------------------------------------ small helpers

// An element with its attributes and what is in it: make("p", {class: "soft"}, "Hello").
function make(tag, attributes = {}, ...content) {
  const element = document.createElementNS(SVG_TAGS.has(tag) ? "http://www.w3.org/2000/svg" : "http://www.w3.org/1999/xhtml", tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false) element.setAttribute(name, value);
  }
  element.append(...content);
  return element;
}
const SVG_TAGS = new Set(["svg", "line", "polyline", "circle", "text"]);

const say = (text) => { find("status").textContent = text; }; // announced: it is a live region
const breathe = () => new Promise((resolve) => setTimeout(resolve)); // let the page draw itself
const percent = (share) => `${Math.round(100 * share)} %`;
const pictureCount = (n) => (n === 1 ? "1 picture" : `${n} pictures`);

// ------------------------------------------------------------------ the frozen backbone

let opening = null; // a promise: it is loaded once, when the first picture comes

function backbone() {
  opening ??= (async () => {
    say(`Loading the network, ${course.megabytes} MB. This happens once.`);
    const bytes = async (name) => pictures.unpacked(new Uint8Array(await (await fetch(name)).arrayBuffer()));
    const [wasm, model] = await Promise.all([bytes("runtime.bin"), bytes("backbone.bin")]);
    return pictures.openNetwork(ort, wasm, model);
  })();
  return opening;
}

let queue = Promise.resolve(); // the network answers one question at a time

async function featuresOf(pixels) {
  const answer = queue.then(async () => pictures.ask(ort, await backbone(), pixels, course.image_size));
  queue = answer.catch(() => {});
  return Float32Array.from((await answer).features);
}

// {url, features} of what the network sees.
async function looked(pixels) {
  const canvas = pictures.canvasOf(pixels, course.image_size);
  return { url: canvas.toDataURL("image/jpeg", 0.9), features: await featuresOf(pixels) };
}

// ------------------------------------------------------------------ 1. classes and pictures

function addClass(name) {
  const one = { name, pictures: [] };
  classes.push(one);
  one.card = card(one);
  find("classes").append(one.card);
  changed();
  return one;
}

function card(one) {
  const files = make("input", { type: "file", accept: "image/*", multiple: true,
    onchange: (event) => { addFiles(one, [...event.target.files]); event.target.value = ""; } });
  const name = make("input", { class: "name", value: one.name, maxlength: 40, autocomplete: "off",
    oninput: (event) => { one.name = event.target.value.trim(); changed(); } });
  const remove = make("button", { type: "button", onclick: () => removeClass(one) }, "Remove class");
  const shoot = make("button", { type: "button", class: "shoot", hidden: !camera, onclick: () => addFromCamera(one) }, "Take a picture");
  return make("fieldset", { class: "card",
    ondragover: (event) => { event.preventDefault(); one.card.classList.add("over"); },
    ondragleave: () => one.card.classList.remove("over"),
    ondrop: (event) => { event.preventDefault(); one.card.classList.remove("over"); addFiles(one, [...event.dataTransfer.files]); } },
  make("legend"), make("label", { class: "name" }, "Name of the class", name), make("div", { class: "pictures" }),
  make("p", {}, make("label", { class: "button" }, "Add pictures", files), " ", shoot, " ", remove));
}

function removeClass(one) {
  one.card.remove();
  classes.splice(classes.indexOf(one), 1);
  changed();
  find("add-class").focus(); // the button that had the focus is gone
}

function removePicture(one, picture) {
  const place = one.pictures.indexOf(picture);
  one.pictures.splice(place, 1);
  changed();
  const left = one.card.querySelectorAll(".pictures button");
  (left[Math.min(place, left.length - 1)] ?? one.card.querySelector("input[type=file]")).focus();
}

async function addFiles(one, files) {
  const refused = [];
  let added = 0;
  await backbone().catch(() => {});
  for (const file of files) {
    say(`Looking at picture ${added + refused.length + 1} of ${files.length} …`);
    try {
      const pixels = await pictures.pixelsOfFile(file, course.image_size);
      if (await add(one, file.name, pixels)) added += 1;
      else refused.push(`${file.name} is there already`);
    } catch (error) {
      refused.push(`${file.name} cannot be read by this browser (${error.message}): save it as JPEG`);
    }
    await breathe();
  }
  changed();
  const why = refused.length ? ` Left out: ${refused.join("; ")}.` : "";
  say(`${pictureCount(added)} added to ${one.name}.${why}`);
}

// False for a picture that is there already: on both sides of the split it would judge itself.
async function add(one, file, pixels) {
  const picture = { file, ...(await looked(pixels)) };
  const known = classes.flatMap((other) => other.pictures);
  if (known.some((other) => learning.cosine(other.features, picture.features) > 0.9999)) return false;
  one.pictures.push(picture);
  showPictures(one);
  return true;
}

function showPictures(one) {
  one.card.querySelector("legend").textContent = `${one.name || "no name"}: ${pictureCount(one.pictures.length)}`;
  one.card.querySelector(".pictures").replaceChildren(...one.pictures.map((picture) =>
    make("button", { type: "button", "aria-label": `Remove ${picture.file}`, title: `Remove ${picture.file}`,
      onclick: () => removePicture(one, picture) }, make("img", { src: picture.url, alt: "" }))));
}

// What is trained no longer fits the pictures: show only what is still true.
function changed() {
  trained = null;
  classes.forEach(showPictures);
  const problem = whyNot();
  find("train").disabled = Boolean(problem);
  find("download").disabled = Boolean(problem);
  find("add-class").disabled = classes.length >= MOST_CLASSES;
  find("result").hidden = true;
  for (const part of find("try").querySelectorAll(".after")) part.hidden = true;
  find("try").querySelector(".waits").hidden = false;
  find("answer").replaceChildren();
  const few = classes.filter((one) => one.pictures.length > 0 && one.pictures.length < FEW);
  const lines = few.map((one) => `${one.name} has ${pictureCount(one.pictures.length)}: with fewer than ${FEW} of a class the result says little.`);
  find("warnings").replaceChildren(...(problem ? [make("p", { class: "soft" }, problem)] : []),
    ...lines.map((line) => make("p", { class: "warning" }, line)));
}

// What is in the way of a training, in a sentence; nothing if it may begin.
function whyNot() {
  const names = classes.map((one) => one.name);
  if (names.length < 2) return "Two classes are needed.";
  if (names.includes("")) return "A class has no name.";
  if (new Set(names).size < names.length) return "Two classes have the same name.";
  const thin = classes.filter((one) => one.pictures.length < 2).map((one) => one.name);
  return thin.length ? `Each class needs at least two pictures, one to train on and one to judge by: ${thin.join(", ")}.` : "";
}

async function tryDrawings() {
  classes.filter((one) => !one.pictures.length).forEach(removeClass); // what has pictures stays
  const names = Object.keys(course.drawings).filter((name) => !classes.some((one) => one.name === name));
  if (classes.length + names.length > MOST_CLASSES) return say(`At most ${MOST_CLASSES} classes: remove some first.`);
  find("drawings").disabled = true;
  for (const name of names) {
    const files = course.drawings[name];
    const fetched = files.map(async (file) => new File([await (await fetch(file)).blob()], file.split("/").pop()));
    await addFiles(addClass(name), await Promise.all(fetched));
  }
  find("drawings").disabled = false;
  find("new-drawing").hidden = false;
  say("The drawings are there. Now train the head.");
  find("train").focus();
}

// ------------------------------------------------------------------ the camera

async function toggleCamera() {
  if (camera) {
    camera.getTracks().forEach((track) => track.stop());
    camera = null;
  } else {
    try {
      camera = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch (error) {
      say(`No camera: ${error.message}. Browsers allow it on https pages and on this computer's own.`);
    }
  }
  find("camera").setAttribute("aria-pressed", Boolean(camera));
  for (const video of document.querySelectorAll("video")) {
    video.srcObject = camera;
    video.hidden = !camera;
    if (camera) await video.play();
  }
  for (const button of document.querySelectorAll(".shoot")) button.hidden = !camera;
}

const fromCamera = () => {
  const video = document.querySelector("video");
  return pictures.pixelsOf(video, video.videoWidth, video.videoHeight, course.image_size);
};

async function addFromCamera(one) {
  const number = one.pictures.length + 1;
  const added = await add(one, `camera ${number}`, fromCamera());
  changed();
  say(added ? `Picture ${number} added to ${one.name}.` : "The same picture again: move the camera a little.");
}

// ------------------------------------------------------------------ 2. train, and judge

// Every picture as {file, url, features, label}, and which of them judge: the same each time.
function everything() {
  const all = classes.flatMap((one, label) => one.pictures.map((picture) => ({ ...picture, label })));
  return [all, learning.split(all.map((one) => one.label), classes.length, { seed: SEED })];
}

async function train() {
  find("train").disabled = true;
  say("Training the head …");
  await breathe();
  const names = classes.map((one) => one.name);
  const [all, parts] = everything();
  const [features, labels] = [all.map((one) => one.features), all.map((one) => one.label)];
  const of = (places, list) => places.map((k) => list[k]);
  const head = learning.trainHead(of(parts.train, features), of(parts.train, labels), names.length);
  const judged = of(parts.heldOut, all).map((one) => ({ ...one, said: learning.argmax(learning.probabilities(head, one.features)) }));
  trained = { head, names };
  showResult(judged, parts);
  say("Drawing the learning curve …");
  const curve = await learning.learningCurve(features, labels, names.length, parts, { pause: breathe });
  if (trained?.head !== head) return; // the pictures have changed meanwhile
  showCurve(curve, judged.length, largestShare(judged));
  find("train").disabled = false;
  say(`Trained on ${pictureCount(parts.train.length)}: ${find("accuracy").textContent} of ${judged.length} held-out pictures right.`);
}

// What is right when the answer is always the largest class.
function largestShare(judged) {
  return Math.max(...classes.map((_, label) => judged.filter((one) => one.label === label).length)) / judged.length;
}

function showResult(judged, parts) {
  const wrong = judged.filter((one) => one.said !== one.label);
  const found = learning.wilson(judged.length - wrong.length, judged.length);
  const guess = largestShare(judged);
  find("accuracy").textContent = percent(found.value);
  const interval = `95 %: ${percent(found.low)} to ${percent(found.high)}, n = ${found.n}`;
  find("interval").textContent = `of the held-out pictures right (${interval})`;
  find("bar").setAttribute("aria-label", `Accuracy ${percent(found.value)}, ${interval}`);
  const [range, mark] = [make("i"), make("b")];
  Object.assign(range.style, { left: `${100 * found.low}%`, width: `${100 * (found.high - found.low)}%` });
  mark.style.left = `${100 * found.value}%`;
  find("bar").replaceChildren(range, mark);
  find("verdict").textContent = `Trained on ${parts.train.length}, asked about ${found.n}. `
    + (found.low > guess ? "Better than always naming the largest class" : "So few pictures cannot tell it from always naming the largest class")
    + ` (${percent(guess)}). It holds for pictures like these: same day, same light, same camera.`;
  find("wrong").replaceChildren(...(wrong.length ? wrong.map((one) => {
    const [truth, said] = [classes[one.label].name, classes[one.said].name];
    return make("figure", {}, make("img", { src: one.url, alt: `${one.file}, a picture of ${truth}` }),
      make("figcaption", {}, `${truth}, called ${said}`));
  }) : [make("p", {}, "None of the held-out pictures.")]));
  find("curve").replaceChildren();
  find("result").hidden = false;
  for (const part of find("try").querySelectorAll(".after")) part.hidden = false;
  find("try").querySelector(".waits").hidden = true;
}

// Accuracy against pictures a class, on an axis on which doubling is always as far.
function showCurve(curve, judges, guess) {
  const [width, height, left, bottom] = [Math.min(560, find("curve").clientWidth), 300, 60, 50];
  const most = curve.at(-1).shots;
  const x = (shots) => left + 20 + (width - left - 60) * (most > 1 ? Math.log(shots) / Math.log(most) : 0.5);
  const y = (share) => 15 + (height - bottom - 15) * (1 - share);
  const mean = (list) => list.reduce((a, b) => a + b) / list.length;
  const means = curve.map((point) => mean(point.accuracies));
  const words = curve.map((point, k) => `${point.shots}: ${percent(means[k])}`).join(", ");
  const line = (name, x1, y1, x2, y2) => make("line", { class: name, x1, y1, x2, y2 });
  const text = (x, y, anchor, content) => make("text", { x, y, "text-anchor": anchor }, content);
  const svg = make("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Mean accuracy against pictures a class. ${words}.` },
    line("axis", left, y(0), width - 20, y(0)), line("axis", left, y(0), left, y(1)),
    ...[0, 0.5, 1].map((share) => text(left - 8, y(share) + 5, "end", percent(share))),
    line("guess", left, y(guess), width - 20, y(guess)),
    ...curve.map((point) => text(x(point.shots), y(0) + 20, "middle", point.shots)),
    text((left + width) / 2, height - 8, "middle", "pictures of each class to train on"),
    ...curve.map((point) => line("range", x(point.shots), y(Math.min(...point.accuracies)), x(point.shots), y(Math.max(...point.accuracies)))),
    make("polyline", { class: "line", points: curve.map((point, k) => `${x(point.shots)},${y(means[k])}`).join(" ") }),
    ...curve.map((point, k) => make("circle", { cx: x(point.shots), cy: y(means[k]), r: 5 })));
  find("curve").replaceChildren(svg, make("figcaption", {}, `Accuracy on the same ${judges} held-out pictures: mean of `
    + `${curve[0].accuracies.length} random draws, bars from the lowest to the highest. Dotted: always the largest class. `
    + "Still rising at the right end? Then more pictures will probably help."));
}

// ------------------------------------------------------------------ 3. a new picture

async function predict(pixels, name) {
  const { url, features } = await looked(pixels);
  if (!trained) return;
  const probabilities = learning.probabilities(trained.head, features);
  const order = trained.names.map((_, k) => k).sort((a, b) => probabilities[b] - probabilities[a]);
  const rows = order.map((k) => make("tr", {}, make("th", { scope: "row" }, trained.names[k]), make("td", {}, percent(probabilities[k]))));
  find("answer").replaceChildren(make("img", { src: url, alt: name }), make("table", { "aria-label": "What the head says" }, ...rows));
  return `${trained.names[order[0]]}, ${percent(probabilities[order[0]])}`;
}

async function predictFile(file) {
  try {
    const pixels = await pictures.pixelsOfFile(file, course.image_size);
    say(`${file.name}: ${await predict(pixels, file.name)}. A head must name one of its classes, whatever it is shown.`);
  } catch (error) {
    say(`${file.name} cannot be read by this browser (${error.message}): save it as JPEG.`);
  }
}

let nextDrawing = 0;
async function predictDrawing() {
  const file = course.more_drawings[nextDrawing++ % course.more_drawings.length];
  await predictFile(new File([await (await fetch(file)).blob()], file.split("/").pop()));
}

async function live() {
  const button = find("live");
  const on = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", on);
  if (!on) return;
  if (!camera) await toggleCamera();
  say(camera ? "Live: the answer is below the camera." : find("status").textContent);
  while (camera && trained && button.getAttribute("aria-pressed") === "true") {
    await predict(fromCamera(), "What the camera sees");
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  button.setAttribute("aria-pressed", false);
}

// ------------------------------------------------------------------ 4. take it with you

function download() {
  const [all, parts] = everything();
  const rows = all.map(({ file, label, features }, k) =>
    ({ file, label: classes[label].name, part: parts.heldOut.includes(k) ? "held-out" : "train", features }));
  const url = URL.createObjectURL(new Blob([learning.table(rows)], { type: "text/csv" }));
  make("a", { href: url, download: "my_features.csv" }).click();
  URL.revokeObjectURL(url);
  say(`my_features.csv holds ${pictureCount(rows.length)}.`);
}

// ------------------------------------------------------------------ begin

const clicks = { "add-class": () => addClass(`class ${classes.length + 1}`).card.querySelector("input").select(),
  drawings: tryDrawings, camera: toggleCamera, train, live, download, "new-drawing": predictDrawing };
for (const [id, act] of Object.entries(clicks)) {
  find(id).addEventListener("click", () => Promise.resolve(act()).catch((error) => say(`That failed: ${error.message}`)));
}
find("new-file").addEventListener("change", (event) => { predictFile(event.target.files[0]); event.target.value = ""; });
addClass("first class");
addClass("second class");
say("Ready. Name two classes and add pictures, or try it with drawings.");

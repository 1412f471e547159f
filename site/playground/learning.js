// Step (a) of the lecture without a library: a new head on frozen features, and how good it is.
//
// A picture is here a row of 1,280 numbers, what the frozen backbone says of it. Nothing in this
// file knows about pages or pictures, so it runs in Node as well (tests/test_playground_learning.py).

// ------------------------------------------------------------------ the head: softmax regression
//
// The features are taken as they are, neither standardised nor normalised, with the penalty of
// scikit-learn's LogisticRegression (C = 1), the course's own probe: both find the same head.
// It makes small: the sum of the cross-entropy of each picture, plus half the squared kernel; with
// two classes the whole, for scikit-learn's one row of weights then stands for two opposite ones.

// features: rows of numbers; labels: the class of each row, from 0 on.
// Returns {kernel: one row of weights a class, bias: one number a class}.
//
// Gradient descent moves a class's weights by (said minus true) times a picture's features, so they
// are at each step a mixture of the training pictures. We keep the mixture, as many numbers as
// there are pictures: fewer than 1,280. Centred features change nothing but the speed: what they
// lack, the bias makes up for.
export function trainHead(features, labels, numClasses, { steps = 3000, tolerance = 1e-3 } = {}) {
  const mean = meanOf(features);
  const centred = features.map((row) => Float64Array.from(row, (value, k) => value - mean[k]));
  const alike = centred.map((row) => Float64Array.from(centred, (other) => inner(row, other)));
  const penalty = numClasses === 2 ? 2 : 1;
  const rate = 1 / (0.5 * Math.max(largestEigenvalue(alike), labels.length) + penalty);
  let head = { kernel: Array.from({ length: numClasses }, () => new Float64Array(labels.length)), bias: Array(numClasses).fill(0) };
  let ahead = head; // Nesterov's momentum: the gradient is asked for a little further on
  let momentum = 1;
  for (let step = 0; step < steps; step++) {
    const gradient = gradientAt(ahead, alike, labels, penalty);
    const asWeights = { kernel: gradient.kernel.map((row) => times(alike, row)), bias: gradient.bias };
    if (dot(gradient, asWeights) < tolerance ** 2) break; // its squared length
    const next = combine(ahead, gradient, -rate);
    const way = combine(next, head, -1);
    if (dot(way, asWeights) > 0) momentum = 1; // uphill: it has gone too far, begin anew
    const nextMomentum = (1 + Math.sqrt(1 + 4 * momentum ** 2)) / 2;
    ahead = combine(next, way, (momentum - 1) / nextMomentum);
    [head, momentum] = [next, nextMomentum];
  }
  const kernel = head.kernel.map((mixture) => mixed(centred, mixture));
  return { kernel, bias: head.bias.map((value, c) => value - inner(kernel[c], mean)) };
}

// How the sum of cross-entropies and penalty changes with each part of the mixture, and each bias.
function gradientAt(head, alike, labels, penalty) {
  const logits = head.kernel.map((row, c) => times(alike, row).map((value) => value + head.bias[c]));
  const errors = logits.map((row) => new Float64Array(row.length));
  labels.forEach((label, k) => softmax(logits.map((row) => row[k])).forEach((said, c) => {
    errors[c][k] = said - (label === c ? 1 : 0);
  }));
  const kernel = errors.map((row, c) => row.map((error, k) => error + penalty * head.kernel[c][k]));
  return { kernel, bias: errors.map((row) => row.reduce((a, b) => a + b)) };
}

// The probabilities of the classes for one row of features.
export function probabilities(head, row) {
  return softmax(Array.from(head.bias, (value, c) => value + inner(head.kernel[c], row)));
}

function softmax(logits) {
  const highest = Math.max(...logits); // subtracted, so that no exponential overflows
  const powers = logits.map((logit) => Math.exp(logit - highest));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}

export const argmax = (row) => row.indexOf(Math.max(...row));

// head + share * other
function combine(head, other, share) {
  const kernel = head.kernel.map((row, c) => row.map((value, k) => value + share * other.kernel[c][k]));
  return { kernel, bias: head.bias.map((value, c) => value + share * other.bias[c]) };
}

function inner(a, b) {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] * b[k];
  return sum;
}

function dot(a, b) {
  return inner(a.bias, b.bias) + a.kernel.reduce((sum, row, c) => sum + inner(row, b.kernel[c]), 0);
}

// A matrix, a list of rows, times a vector.
const times = (rows, vector) => Float64Array.from(rows, (row) => inner(row, vector));

// The sum of rows, so much of each.
function mixed(rows, shares) {
  const sum = new Float64Array(rows[0].length);
  rows.forEach((row, k) => { for (let j = 0; j < sum.length; j++) sum[j] += shares[k] * row[j]; });
  return sum;
}

const meanOf = (rows) => mixed(rows, Array(rows.length).fill(1 / rows.length));

// Of a symmetric matrix, by power iteration: it says how large a step may be.
function largestEigenvalue(matrix) {
  let vector = Float64Array.from(matrix, (_, k) => Math.sin(k + 1));
  let length = 0;
  for (let round = 0; round < 30; round++) {
    const next = times(matrix, vector);
    length = Math.sqrt(inner(next, next) / inner(vector, vector));
    if (!length) return 0;
    vector = next.map((value) => value / length);
  }
  return 1.1 * length; // power iteration comes from below
}

// ------------------------------------------------------------------ which pictures judge

// Random numbers from 0 to 1 that are the same for the same seed (mulberry32).
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

// The same items in random order.
export function shuffled(items, next) {
  const order = [...items];
  for (let k = order.length - 1; k > 0; k--) {
    const other = Math.floor(next() * (k + 1));
    [order[k], order[other]] = [order[other], order[k]];
  }
  return order;
}

// Places of the pictures of each class, a list a class.
function placesOf(labels, numClasses) {
  const places = Array.from({ length: numClasses }, () => []);
  labels.forEach((label, k) => places[label].push(k));
  return places;
}

// Hold out a share of each class: {train, heldOut}, places in labels. Each class keeps at least one
// picture to train, and one to judge by, if it has two.
export function split(labels, numClasses, { share = 0.4, seed = 0 } = {}) {
  const next = random(seed);
  const [train, heldOut] = [[], []];
  for (const places of placesOf(labels, numClasses)) {
    const number = Math.min(Math.max(1, Math.round(share * places.length)), places.length - 1);
    const order = shuffled(places, next);
    heldOut.push(...order.slice(0, number));
    train.push(...order.slice(number));
  }
  return { train, heldOut };
}

// Wilson's interval (1927): the shares of right answers that go well with so many right of n.
export function wilson(right, n, z = 1.959964) {
  const share = right / n;
  const centre = (share + z ** 2 / (2 * n)) / (1 + z ** 2 / n);
  const half = (z / (1 + z ** 2 / n)) * Math.sqrt((share * (1 - share)) / n + z ** 2 / (4 * n ** 2));
  return { value: share, low: Math.max(0, centre - half), high: Math.min(1, centre + half), n };
}

// ------------------------------------------------------------------ would more pictures help?

// Accuracy on the held-out pictures after training on 1, 2, 5, ... pictures a class: a list of
// {shots, accuracies}, one accuracy a draw of the pictures. `pause` lets the page breathe.
export async function learningCurve(features, labels, numClasses, parts, { draws = 5, pause = async () => {} } = {}) {
  const ofClass = placesOf(labels, numClasses).map((all) => all.filter((k) => parts.train.includes(k)));
  const most = Math.min(...ofClass.map((places) => places.length));
  const points = [...[1, 2, 5, 10, 20, 50, 100].filter((shots) => shots < 0.8 * most), most];
  const curve = points.map((shots) => ({ shots, accuracies: [] }));
  for (let draw = 0; draw < draws; draw++) {
    const next = random(1000 + draw);
    const orders = ofClass.map((places) => shuffled(places, next));
    for (const point of curve) {
      const few = orders.flatMap((order) => order.slice(0, point.shots));
      const head = trainHead(few.map((k) => features[k]), few.map((k) => labels[k]), numClasses);
      const right = parts.heldOut.filter((k) => argmax(probabilities(head, features[k])) === labels[k]);
      point.accuracies.push(right.length / parts.heldOut.length);
      await pause();
    }
  }
  return curve;
}

// ------------------------------------------------------------------ small helpers

// 1 for the same direction: two pictures of which the backbone says the same.
export function cosine(a, b) {
  return inner(a, b) / Math.sqrt(inner(a, a) * inner(b, b));
}

// The features as a table for Python: `data.load_features` reads it (lesson 6). rows: {file, label,
// part, features}. Quotes as CSV wants them: a class may be called: apple, "red"
export function table(rows) {
  const quoted = (text) => `"${String(text).replaceAll('"', '""')}"`;
  const header = ["file_name", "label", "part", ...Array.from(rows[0].features, (_, k) => `feature_${k}`)];
  const lines = rows.map(({ file, label, part, features }) =>
    [...[file, label, part].map(quoted), ...Array.from(features, (value) => value.toPrecision(7))].join(","));
  return [header.join(","), ...lines].join("\n") + "\n";
}

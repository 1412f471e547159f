// How does a photograph become the numbers that the network expects?
//
// The same steps as in tl_course/engine/pictures.py, so that browser and Python agree: turn it
// upright, cut out the central square, shrink it, and keep raw RGB values from 0 to 255.
// The scaling that the network was trained with is a layer inside the network.

const LARGE = 1500; // pixels, the shorter side

// A file or a blob -> Float32Array of size * size * 3 values, row by row.
export async function pixelsOfFile(file, size) {
  const bitmap = await createImageBitmap(file); // upright as the camera says (EXIF), in sRGB
  try {
    return pixelsOf(bitmap, bitmap.width, bitmap.height, size);
  } finally {
    bitmap.close();
  }
}

// The same of a bitmap or of what a <video> shows now.
export function pixelsOf(source, width, height, size) {
  const side = Math.min(width, height);
  const left = Math.floor((width - side) / 2);
  const top = Math.floor((height - side) / 2);
  // A large picture is first made 2, 4 or 8 times smaller by the browser: that saves a second.
  const scale = side < LARGE ? 1 : [8, 4, 2].find((times) => side >= 1.5 * size * times) ?? 1;
  const less = Math.ceil(side / scale);
  const context = new OffscreenCanvas(less, less).getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.fillStyle = "white"; // shows through where a picture is transparent
  context.fillRect(0, 0, less, less);
  context.drawImage(source, left, top, side, side, 0, 0, less, less);
  return shrink(context.getImageData(0, 0, less, less).data, less, size);
}

// Bilinear resizing as Pillow does it: when it shrinks, each new pixel is a weighted mean of all
// old ones near it. A canvas's own resizing differs from browser to browser, this does not.
// rgba: side * side * 4 bytes. First each row gets narrower, then each column shorter.
export function shrink(rgba, side, size) {
  const weights = triangles(side, size);
  const narrow = new Float32Array(side * size * 3);
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < size; column++) {
      const { first, shares } = weights[column];
      let red = 0, green = 0, blue = 0;
      for (let k = 0, place = (row * side + first) * 4; k < shares.length; k++, place += 4) {
        red += shares[k] * rgba[place];
        green += shares[k] * rgba[place + 1];
        blue += shares[k] * rgba[place + 2];
      }
      const target = (row * size + column) * 3;
      narrow[target] = Math.round(red);
      narrow[target + 1] = Math.round(green);
      narrow[target + 2] = Math.round(blue);
    }
  }
  const small = new Float32Array(size * size * 3);
  for (let row = 0; row < size; row++) {
    const { first, shares } = weights[row];
    for (let place = 0; place < size * 3; place++) {
      let value = 0;
      for (let k = 0; k < shares.length; k++) value += shares[k] * narrow[(first + k) * size * 3 + place];
      small[row * size * 3 + place] = Math.round(value);
    }
  }
  return small;
}

// For each new pixel of a row: the first old pixel that counts, and how much each counts.
function triangles(side, size) {
  const scale = side / size;
  const reach = Math.max(scale, 1);
  return Array.from({ length: size }, (_, k) => {
    const centre = (k + 0.5) * scale;
    const first = Math.max(0, Math.floor(centre - reach + 0.5));
    const last = Math.min(side, Math.floor(centre + reach + 0.5));
    const shares = [];
    for (let x = first; x < last; x++) shares.push(Math.max(0, 1 - Math.abs((x + 0.5 - centre) / reach)));
    const sum = shares.reduce((a, b) => a + b);
    return { first, shares: Float64Array.from(shares, (share) => share / sum) };
  });
}

// What the network was shown, as a canvas to look at.
export function canvasOf(pixels, size) {
  const image = new ImageData(size, size);
  for (let k = 0; k < size * size; k++) image.data.set([...pixels.subarray(3 * k, 3 * k + 3), 255], 4 * k);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

// The bytes of a file that was packed with gzip; as they are, where a server unpacked them already.
export async function unpacked(bytes) {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// A session of onnxruntime-web: WebAssembly in one thread, from bytes that are here already.
export async function openNetwork(ort, wasm, model) {
  ort.env.wasm.wasmBinary = wasm;
  ort.env.wasm.numThreads = 1;
  return ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
}

// What a network says of one picture: {name of an output: Float32Array}.
export async function ask(ort, session, pixels, size) {
  const given = new ort.Tensor("float32", pixels, [1, size, size, 3]);
  const found = await session.run({ pixels: given });
  return Object.fromEntries(Object.entries(found).map(([name, tensor]) => [name, tensor.data]));
}

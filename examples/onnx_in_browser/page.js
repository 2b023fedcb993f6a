// Draw a digit, and the network in this page says which. The pen makes MNIST's stroke on a digit
// of two thirds of the pad: 72 wide strokes are 2.7 pixels once 530 become 20.
const SIDE = 28, FIT = 20, PEN = 72, NARROWEST = 2, WIDEST = 4.2, FINE = 8;
const find = id => document.getElementById(id);
const about = JSON.parse(find("about").textContent);
const [pad, seen, said, rated] = ["pad", "seen", "said", "rated"].map(find);
const pen = pad.getContext("2d");
pen.lineWidth = PEN; pen.lineCap = pen.lineJoin = "round";

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const sum = values => values.reduce((total, value) => total + value, 0);

function trace(context, strokes) {
  for (const stroke of strokes) {
    context.beginPath();
    context.moveTo(...stroke[0]);
    for (const point of stroke.length > 1 ? stroke.slice(1) : stroke) context.lineTo(...point);
    context.stroke();
  }
}

// The rule that made MNIST, as DigitNormalizer follows it for pictures. Here the strokes are known,
// so nothing need be widened or thinned: they are drawn anew with a width that MNIST knows.
function toRow(strokes) {
  const low = [0, 1].map(axis => strokes.flat().reduce((m, p) => Math.min(m, p[axis]), Infinity));
  const high = [0, 1].map(axis => strokes.flat().reduce((m, p) => Math.max(m, p[axis]), -Infinity));
  const extent = Math.max(high[0] - low[0], high[1] - low[1]);
  let width = PEN * FIT / (extent + PEN);
  if (extent > PEN / 2) width = clamp(width, NARROWEST, WIDEST);  // else it is a dot
  const scale = extent ? (FIT - width) / extent : 0;
  const lengths = [0, 1].map(axis => (high[axis] - low[axis]) * scale + width);
  const [columns, rows] = lengths.map(length => Math.ceil(length - 1e-6));

  const canvas = new OffscreenCanvas(columns * FINE, rows * FINE);
  const fine = canvas.getContext("2d");
  fine.scale(FINE, FINE);
  fine.translate((columns - lengths[0] + width) / 2, (rows - lengths[1] + width) / 2);
  fine.lineWidth = width; fine.lineCap = fine.lineJoin = "round";
  trace(fine, strokes.map(stroke => stroke.map(p => p.map((v, axis) => (v - low[axis]) * scale))));
  const alpha = fine.getImageData(0, 0, canvas.width, canvas.height).data;

  const patch = Array.from({length: rows}, () => new Array(columns).fill(0));
  for (let y = 0; y < canvas.height; y++)
    for (let x = 0; x < canvas.width; x++)
      patch[Math.floor(y / FINE)][Math.floor(x / FINE)] += alpha[4 * (y * canvas.width + x) + 3];
  const peak = patch.flat().reduce((most, value) => Math.max(most, value), 1);
  return place(patch.map(row => row.map(value => Math.round(value * 255 / peak))));
}

// Where ink of at most 20x20 pixels goes: its barycentre decides, at whole pixels.
function place(patch) {
  const corner = profile => {
    const padding = Math.floor((FIT - profile.length) / 2);
    const centre = sum(profile.map((value, i) => (i + 0.5) * value)) / sum(profile);
    return padding + Math.trunc(15 - padding - centre);
  };
  const top = corner(patch.map(sum));
  const left = corner(patch[0].map((_, x) => sum(patch.map(row => row[x]))));
  const pixels = new Float32Array(SIDE * SIDE);
  patch.forEach((row, y) => row.forEach((value, x) => {
    const [py, px] = [top + y, left + x];
    if (clamp(py, 0, SIDE - 1) === py && clamp(px, 0, SIDE - 1) === px) pixels[py * SIDE + px] = value;
  }));
  return pixels;
}

function show(pixels) {
  const image = new ImageData(SIDE, SIDE);
  pixels?.forEach((value, i) => image.data.set([value, value, value, 255], 4 * i));
  seen.getContext("2d").putImageData(image, 0, 0);
}

function say(text, probabilities = null) {
  said.textContent = text;
  [...rated.rows].forEach((row, i) => {
    const value = probabilities?.[i] ?? 0;
    row.querySelector("meter").value = value;
    row.cells[2].textContent = probabilities ? `${(100 * value).toFixed(1)} %` : "";
  });
}

function judge(probabilities, score) {
  const order = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]);
  const [best, second] = order.map(i => about.classes[i]);
  if (score < 0) return `This does not look like a digit. It resembles a ${best} most.`;
  const isSure = probabilities[order[0]] >= Number(about.threshold ?? 0.5);
  return isSure ? `This is a ${best}.` : `Not sure: ${best} or ${second}?`;
}

// What was packed is base64 of gzip.
async function unpack(id) {
  const packed = Uint8Array.from(atob(find(id).textContent), letter => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

let strokes = [], stroke = null, network = null, isBusy = false, isStale = false;

async function answer() {
  if (!network || isBusy) { isStale = true; return; }  // only the newest drawing is worth an answer
  isBusy = true; isStale = false;
  try {
    const pixels = strokes.length ? toRow(strokes) : null;
    show(pixels);
    if (!pixels) say("Draw a digit.");
    else {
      const {probabilities, score} = await network(pixels);
      say(judge(probabilities.data, score?.data[0]), [...probabilities.data]);
    }
  } finally {
    isBusy = false;
    if (isStale) answer();
  }
}

const at = event => {
  const box = pad.getBoundingClientRect();
  return [(event.clientX - box.left) * pad.width / box.width,
          (event.clientY - box.top) * pad.height / box.height];
};
const extend = event => {
  const last = stroke.points.at(-1), next = at(event);
  stroke.points.push(next);
  trace(pen, [[last, next]]);
  answer();
};
pad.addEventListener("pointerdown", event => {
  if (stroke || event.button !== 0) return;  // a second finger or the palm
  event.preventDefault();
  pad.setPointerCapture(event.pointerId);
  stroke = {id: event.pointerId, points: [at(event)]};
  strokes.push(stroke.points);
  extend(event);
});
pad.addEventListener("pointermove", event => {
  if (stroke?.id !== event.pointerId) return;
  const steps = event.getCoalescedEvents?.() ?? [];
  (steps.length ? steps : [event]).forEach(extend);
});
for (const end of ["pointerup", "pointercancel"])
  pad.addEventListener(end, event => { if (stroke?.id === event.pointerId) stroke = null; });
pad.addEventListener("touchstart", event => event.preventDefault(), {passive: false});
find("clear").addEventListener("click", () => {
  strokes = []; stroke = null;
  pen.clearRect(0, 0, pad.width, pad.height);
  answer();
});

about.classes.forEach(label => {
  const row = rated.insertRow();
  row.insertCell().textContent = label;
  const meter = document.createElement("meter");
  meter.setAttribute("aria-label", `Probability of ${label}`);
  row.insertCell().append(meter);
  row.insertCell();
});
show(null);
try {
  const code = URL.createObjectURL(new Blob([await unpack("runtime")], {type: "text/javascript"}));
  const ort = await import(code);
  Object.assign(ort.env.wasm, {numThreads: 1, proxy: false, wasmBinary: (await unpack("engine")).buffer});
  const session = await ort.InferenceSession.create(await unpack("model"), {executionProviders: ["wasm"]});
  network = pixels => session.run({pixels: new ort.Tensor("float32", pixels, [1, pixels.length])});
  await network(new Float32Array(SIDE * SIDE));  // so that the first stroke does not wait
  answer();
} catch (error) {
  say(`The network could not be started: ${error.message}`);
}

// The canvas sends its own picture as the component's value, at most once in 100 ms while a stroke
// goes on, and always at its end. An empty pad sends the empty string; so does Clear, and then the
// canvas is wiped here.
// The pen makes MNIST's stroke: a digit of two thirds of the pad is 530 of its 800 pixels high, and
// 72 wide strokes are 2.7 pixels once 530 become 20.
const [hint, canvas] = element.querySelectorAll("span, canvas"), pen = canvas.getContext("2d");
pen.lineWidth = 72; pen.lineCap = pen.lineJoin = "round";
let stroke = null, timer = null;

const send = () => { clearTimeout(timer); timer = null; props.value = canvas.toDataURL(); };
const place = event => {
  const box = canvas.getBoundingClientRect();
  return [(event.clientX - box.left) * canvas.width / box.width,
          (event.clientY - box.top) * canvas.height / box.height];
};
const draw = event => {
  const [x, y] = place(event);
  pen.beginPath(); pen.moveTo(...stroke.at); pen.lineTo(x, y); pen.stroke();
  stroke.at = [x, y];
  timer ??= setTimeout(send, 100);
};
const end = event => {
  if (stroke?.id === event.pointerId) { stroke = null; send(); }
};
canvas.addEventListener("pointerdown", event => {
  if (stroke || event.button !== 0) return;  // a second finger or the palm
  event.preventDefault();
  canvas.setPointerCapture(event.pointerId);
  hint.hidden = true;
  stroke = {id: event.pointerId, at: place(event)};
  draw(event);
});
canvas.addEventListener("pointermove", event => {
  if (stroke?.id !== event.pointerId) return;
  const steps = event.getCoalescedEvents?.() ?? [];
  (steps.length ? steps : [event]).forEach(draw);
});
// A touch that is left to the browser counts as a swipe, and a swipe swallows the next tap.
canvas.addEventListener("touchstart", event => event.preventDefault(), {passive: false});
canvas.addEventListener("pointerup", end);
canvas.addEventListener("pointercancel", end);
watch("value", () => {
  if (props.value) return;
  clearTimeout(timer); timer = null; stroke = null;
  pen.clearRect(0, 0, canvas.width, canvas.height);
  hint.hidden = false;
});

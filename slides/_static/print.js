// A browser without a window draws no frames, and reveal.js lays out the printed pages frame by frame.
if (location.search.includes("print-pdf")) {
  window.requestAnimationFrame = (draw) => setTimeout(() => draw(performance.now()), 20);
}

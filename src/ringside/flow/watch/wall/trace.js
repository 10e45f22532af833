/* A minute of a tile's distance from the common moment, as a small line; the band is one frame either way. */

const KEEP = 240;
const REACH_MS = 100;
const FRAME_MS = 34;
const COLOURS = { good: '#3ecf8e', fair: '#f5b83d', bad: '#ff5d5d', unknown: '#7d8996' };

export class Trace {
  #canvas;
  #line = [];

  constructor(canvas) {
    this.#canvas = canvas;
  }

  /** One more reading (ms, NaN for none); draws. */
  add(ms, tone) {
    this.#line = [...this.#line, ms].slice(-KEEP);
    const { clientWidth, clientHeight } = this.#canvas;
    const [width, height] = [clientWidth, clientHeight].map((px) => Math.max(1, Math.round(px * devicePixelRatio)));
    if (this.#canvas.width !== width || this.#canvas.height !== height) Object.assign(this.#canvas, { width, height });
    this.#draw(this.#canvas.getContext('2d'), width, height, COLOURS[tone]);
  }

  #draw(pen, width, height, colour) {
    const y = (ms) => height * (0.5 - Math.max(-1, Math.min(1, ms / REACH_MS)) * 0.46);
    pen.clearRect(0, 0, width, height);
    pen.fillStyle = '#ffffff0d';
    pen.fillRect(0, y(FRAME_MS), width, y(-FRAME_MS) - y(FRAME_MS));
    pen.fillStyle = '#ffffff38';
    pen.fillRect(0, Math.round(height / 2), width, 1);
    pen.strokeStyle = colour;
    pen.lineWidth = 1.5 * devicePixelRatio;
    pen.lineJoin = 'round';
    pen.beginPath();
    let gap = true;
    this.#line.forEach((ms, at) => {
      const x = ((KEEP - this.#line.length + at + 1) / KEEP) * width;
      if (Number.isFinite(ms)) pen[gap ? 'moveTo' : 'lineTo'](x, y(ms));
      gap = !Number.isFinite(ms);
    });
    pen.stroke();
  }
}

/* The engineer's numbers over the picture, and the last minute of latency as a line over the target's. */
import { bits, seconds, signed_ms } from './text.js';

const KEEP = 240;
const MOST_MS = 4000;

/** What is shown, in order: label and how it is read from stats. */
const ROWS = [
  ['path', (s) => s.path ?? '–'],
  ['latency', (s) => `${seconds(s.latency_ms)}${s.latency_source ? ` · ${s.latency_source}` : ''}`],
  ['target', (s) => seconds(s.target_ms)],
  ['offset', (s) => signed_ms(s.offset_ms)],
  ['behind live', (s) => seconds(s.behind_ms)],
  ['buffer', (s) => seconds(s.buffer_ms)],
  ['rung', (s) => (s.rung ? `${s.rung} · ${bits(s.rung_bps)}` : '–')],
  ['size', (s) => (s.width ? `${s.width}×${s.height}` : '–')],
  ['bandwidth', (s) => bits(s.bandwidth_bps)],
  ['rate', (s) => `${s.rate.toFixed(3)}×`],
  ['dropped', (s) => `${s.dropped} of ${s.frames}`],
  ['stalls', (s) => String(s.stalls)],
  ['clock offset', (s) => `${signed_ms(s.clock_offset_ms)}${s.trip_ms === null ? '' : ` ± ${(s.trip_ms / 2).toFixed(1)}`}`],
  ['state', (s) => s.state],
  ['player', (s) => `${s.player} ${s.version}`],
];

export class Engineer {
  #root;
  #cells;
  #spark;
  #line = [];
  #target_ms = NaN;

  constructor(root) {
    this.#root = root;
    this.#spark = root.querySelector('canvas');
    const list = root.querySelector('dl');
    this.#cells = ROWS.map(([label]) => {
      const [dt, dd] = [document.createElement('dt'), document.createElement('dd')];
      dt.textContent = label;
      list.append(dt, dd);
      return dd;
    });
  }

  get shown() {
    return !this.#root.hidden;
  }

  toggle() {
    this.#root.hidden = !this.#root.hidden;
  }

  draw(stats) {
    this.#line = [...this.#line, stats.latency_ms].slice(-KEEP);
    this.#target_ms = stats.target_ms;
    if (!this.shown) return;
    ROWS.forEach(([, read], at) => {
      const text = read(stats);
      if (this.#cells[at].textContent !== text) this.#cells[at].textContent = text;
    });
    this.#draw();
  }

  #draw() {
    const { width, height } = this.#spark;
    const pen = this.#spark.getContext('2d');
    const known = this.#line.filter(Number.isFinite);
    const most = Math.max(MOST_MS, ...known) * 1.05;
    pen.clearRect(0, 0, width, height);
    pen.fillStyle = '#ffffff14';
    for (let ms = 1000; ms < most; ms += most > 10_000 ? 5000 : 1000) pen.fillRect(0, Math.round(height * (1 - ms / most)), width, 1);
    pen.fillStyle = '#3ecf8e80';
    if (Number.isFinite(this.#target_ms)) pen.fillRect(0, Math.round(height * (1 - this.#target_ms / most)), width, 2);
    pen.strokeStyle = '#5aa9ff';
    pen.lineWidth = 3;
    pen.beginPath();
    let gap = true;
    this.#line.forEach((ms, at) => {
      const [x, y] = [((KEEP - this.#line.length + at) / KEEP) * width, height * (1 - ms / most)];
      if (!Number.isFinite(ms)) gap = true;
      else if (gap) pen.moveTo(x, y);
      else pen.lineTo(x, y);
      gap = !Number.isFinite(ms);
    });
    pen.stroke();
  }
}

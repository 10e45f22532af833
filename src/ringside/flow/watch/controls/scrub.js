/* The bar back through the event: drag, tap or arrow keys; the tip names the time of day. */
import { fractionOf, landing, momentAt } from './bar.js';
import { span, timeOfDay } from './text.js';

const STEP_S = 10;

export class Scrub {
  #root; #held; #done; #thumb; #tip; #seek; #dateOf;
  #range = null;
  #dragging = null;
  #at = 1;

  constructor(root, { seek, dateOf }) {
    this.#root = root;
    [this.#held, this.#done, this.#thumb, this.#tip] = ['.held', '.done', '.thumb', '.tip'].map((one) => root.querySelector(one));
    this.#seek = seek;
    this.#dateOf = dateOf;
    root.addEventListener('pointerdown', (event) => this.#down(event));
    root.addEventListener('pointermove', (event) => this.#move(event));
    root.addEventListener('pointerup', (event) => this.#up(event));
    root.addEventListener('pointercancel', () => this.#leave());
    root.addEventListener('pointerleave', () => this.#dragging === null && this.#leave());
    root.addEventListener('keydown', (event) => this.#key(event));
  }

  get dragging() {
    return this.#dragging !== null;
  }

  /** Draw: where the playhead and the end of the buffer stand in the range. */
  draw(range, media_s, buffered_s) {
    this.#range = range && range.live - range.start > 1 ? range : null;
    this.#root.setAttribute('aria-disabled', String(!this.#range));
    if (!this.#range) return;
    this.#held.style.transform = `scaleX(${fractionOf(buffered_s, range)})`;
    if (this.#dragging === null) this.#place(fractionOf(media_s, range));
    const behind_s = Math.max(0, range.live - media_s);
    this.#root.setAttribute('aria-valuemax', String(Math.round(range.live - range.start)));
    this.#root.setAttribute('aria-valuenow', String(Math.round(media_s - range.start)));
    this.#root.setAttribute('aria-valuetext', behind_s < 2 && !range.over ? 'Live' : `${span(behind_s)} behind ${range.over ? 'the end' : 'live'}`);
  }

  #place(fraction) {
    this.#at = fraction;
    this.#done.style.transform = `scaleX(${fraction})`;
    this.#thumb.style.left = `${fraction * 100}%`;
  }

  #fraction(event) {
    const box = this.#root.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  }

  #down(event) {
    if (!this.#range || event.button > 0) return;
    this.#root.setPointerCapture(event.pointerId);
    this.#dragging = this.#fraction(event);
    this.#root.dataset.dragging = '';
    this.#place(this.#dragging);
    this.#point(this.#dragging);
  }

  #move(event) {
    if (!this.#range) return;
    const fraction = this.#fraction(event);
    this.#point(fraction);
    if (this.#dragging === null) return;
    this.#dragging = fraction;
    this.#place(fraction);
  }

  #up() {
    if (this.#dragging === null) return;
    const wanted = momentAt(this.#dragging, this.#range);
    this.#leave();
    this.#go(wanted);
  }

  #leave() {
    this.#dragging = null;
    delete this.#root.dataset.dragging;
    this.#tip.hidden = true;
  }

  #point(fraction) {
    const media_s = momentAt(fraction, this.#range);
    const behind_s = this.#range.live - media_s;
    const back = document.createElement('small');
    back.textContent = behind_s < 2 && !this.#range.over ? 'live' : `−${span(behind_s)}`;
    this.#tip.replaceChildren(timeOfDay(this.#dateOf(media_s)), back);
    this.#tip.hidden = false;
    const half = this.#tip.offsetWidth / 2;
    const wide = this.#root.offsetWidth;
    this.#tip.style.left = `${Math.min(wide - half, Math.max(half, fraction * wide))}px`;
  }

  #key(event) {
    const by_s = { ArrowLeft: -STEP_S, ArrowDown: -STEP_S, ArrowRight: STEP_S, ArrowUp: STEP_S, PageDown: -60, PageUp: 60 }[event.key];
    if (by_s === undefined || !this.#range) return;
    event.preventDefault();
    event.stopPropagation();
    this.step(by_s);
  }

  /** Go by so many seconds from where the bar stands. */
  step(by_s) {
    if (this.#range) this.#go(momentAt(this.#at, this.#range) + by_s);
  }

  /** Go to the oldest moment kept. */
  first() {
    if (this.#range) this.#go(this.#range.start);
  }

  #go(wanted_s) {
    const { media_s, live } = landing(wanted_s, this.#range);
    this.#place(fractionOf(media_s, this.#range));
    this.#seek(media_s, live);
  }
}

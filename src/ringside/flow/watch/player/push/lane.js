/* One kind of media, brought by one feed at a time, or by two while one takes over from the other.

   Each feed (the first, one opened again, another rung's) waits with its chunks until they can follow what is
   appended (splice.js), and then goes straight through. Tells its owner what it hears; opens nothing anew by itself. */
import { bridge, chunkOf, headerOf, same } from './boxes.js';
import { kept, splice } from './splice.js';

const SILENT_MS = 300; // an old feed that is silent for so long, or for three chunks, is not waited for
const MOST_WAITING = 900;
const GAP_S = { least: 0.002, most: 1 }; // frames that were never made

export class Lane {
  #transport;
  #sink;
  #owner;
  #current = null; // whose chunks are appended
  #next = null; // who is to take over
  #written = null; // the header that was appended last
  #heard_ms = -Infinity;

  /** `owner` has `appended(lane, chunk)`, `gone(lane, status, track)`, `heard(lane, count)` and `broken()`. */
  constructor(kind, { transport, sink, owner }) {
    this.kind = kind;
    this.#transport = transport;
    this.#sink = sink;
    this.#owner = owner;
    this.end_s = null; // media time up to which there is something appended
    this.over = false;
    this.chunk_ms = 0; // how long its chunks are
    this.since_ms = Infinity; // when the feed that is appended took over
  }

  /** Whose chunks are shown now; the one on its way before the first. */
  get track() {
    return (this.#current ?? this.#next)?.track ?? null;
  }

  /** The rung that is on its way, or null. */
  get wanted() {
    return this.#next?.track ?? null;
  }

  get alive() {
    return this.#current !== null && performance.now() - this.#heard_ms < Math.max(SILENT_MS, 3 * this.chunk_ms);
  }

  /** Bring this track: at once if there is none, else as soon as it can follow what is there. */
  bring(track) {
    this.#next?.feed.close();
    const one = { track, header: null, bytes: null, chunks: [], feed: null, gone: false };
    this.#next = one;
    one.feed = this.#transport.open(track, {
      bytes: (count) => this.#owner.heard(this, count, one === this.#current),
      header: (bytes) => this.#try(() => this.#header(one, bytes)),
      chunk: (bytes) => this.#try(() => this.#chunk(one, bytes)),
      gone: (status) => this.#gone(one, status),
    });
    if (one.gone) one.feed.close();
  }

  /** The feed whose chunks are appended brings no more. */
  drop() {
    this.#current?.feed.close();
    this.#current = null;
  }

  close() {
    for (const one of [this.#current, this.#next]) one?.feed?.close();
    this.#current = this.#next = null;
  }

  #try(what) {
    try {
      what();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#owner.broken(); // bytes that are no media
    }
  }

  #header(one, bytes) {
    if (same(one.bytes, bytes)) return;
    [one.bytes, one.header] = [bytes, headerOf(bytes)];
  }

  #chunk(one, bytes) {
    if (!one.header || (one !== this.#current && one !== this.#next)) return;
    const chunk = { ...chunkOf(bytes, one.header), track: one.track };
    if (one === this.#current) {
      this.#append(one, chunk);
      if (this.#next) this.#promote();
    } else {
      one.chunks = kept([...one.chunks, { ...chunk, written: one.bytes, header: one.header }], this.end_s, MOST_WAITING);
      this.#promote();
    }
  }

  /** The one that waits takes over if it can by now. */
  #promote() {
    const one = this.#next;
    if (!one.chunks.length) return;
    const at = splice(one.chunks, {
      end_s: this.end_s,
      playhead_s: this.#sink.playhead_s + (this.#sink.base_s ?? 0),
      alive: this.alive,
      kin: same(this.#written, one.chunks[0].written),
    });
    if (at < 0) return;
    this.#current?.feed.close();
    [this.#current, this.#next, this.since_ms] = [one, null, performance.now()];
    for (const chunk of one.chunks.splice(0).slice(at)) this.#append(one, chunk);
  }

  /** Look again: time has passed, and the old feed may be silent. */
  nudge() {
    if (this.#next) this.#promote();
  }

  #append(one, chunk) {
    const [bytes, header] = [chunk.written ?? one.bytes, chunk.header ?? one.header];
    this.#sink.begin(chunk.start_s);
    if (bytes !== this.#written && !same(bytes, this.#written)) this.#sink.header(this.kind, bytes, header.codec ?? one.track.codec);
    this.#written = bytes;
    const missing_s = this.end_s === null ? 0 : chunk.start_s - this.end_s;
    if (missing_s > GAP_S.least && missing_s < GAP_S.most) bridge(chunk, this.end_s, header);
    this.#sink.chunk(this.kind, chunk.bytes);
    this.#heard_ms = performance.now();
    this.end_s = chunk.end_s;
    this.chunk_ms = (chunk.end_s - chunk.start_s) * 1000;
    this.over ||= chunk.last;
    this.#owner.appended(this, chunk);
  }

  #gone(one, status) {
    one.gone = true;
    const which = one === this.#current ? 'current' : one === this.#next ? 'next' : null;
    if (which === null) return;
    if (which === 'current') this.#current = null;
    else this.#next = null;
    if (which === 'current' && this.#next) this.nudge();
    this.#owner.gone(this, status, one.track, which);
  }
}

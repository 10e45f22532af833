/* The player of pushed chunks, whoever brings them (transport.js): tracks out of the multivariant playlist, a lane for
   each kind of media, a sink under both; which rung (abr.js), how late the path is at best (floor.js), what to do when a
   feed breaks (retrying.js). Members as player/index.js documents them, and

     floor_ms()    the least latency that this path holds steadily, as measured, or null
     carries()     {picture, sound}, or null before it is known

   It plays at whatever rate it is given; where it begins is `aim_ms()` behind the camera when that is told. */
import { labelOf } from '../label.js';
import { localNow } from '../../sync/clock.js';
import { isPlausible } from '../../sync/latency.js';
import * as abr from './abr.js';
import { Floor, highest } from './floor.js';
import { Lane } from './lane.js';
import { fitting, parse } from './multivariant.js';
import { isOver, probe } from './probe.js';
import { EDGE_S, Playhead } from './playhead.js';
import { Retrying } from './retrying.js';
import { Sink, canFeed, canPlay } from './sink.js';

const TICK_MS = 250;
const PATIENCE_MS = 6000; // for the playlist
const LIVE_AFTER_MS = 3000; // a feed brings what has been, at first, and a page has much to do
const URGENT_MS = 400; // with less ahead than this, a rung that is too much is dropped before the next has come
const OTHERS_END_MS = 2000; // one kind of media is over, the other does not say
const AIM_MS = 300;
const DAY_MS = 86_400_000;

const floors = new Set(); // of all players of this page

export class PushPlayer {
  version = '';
  #clock;
  #transport;
  #options;
  #run = null; // of one load: {tracks, sink, lanes, ...}
  #timer = 0;
  #chosen = null;
  #soundless = false; // an event that lists sound and brings none
  #floor = null;
  #bps = null;

  constructor(options) {
    const { name, path, video, base, tell, clock, transport } = options;
    Object.assign(this, { name, path, video, base, tell });
    this.#clock = clock;
    this.#transport = transport;
    this.#options = options;
    this.heard = {
      waiting: () => this.#stalled(),
      error: () => this.video.error && this.#fail({ kind: 'media', status: 0 }),
      loadedmetadata: () => this.#run?.playhead?.fed(),
    };
  }

  /* — coming and going — */

  async load() {
    this.destroy();
    const run = { lanes: new Map(), retrying: new Retrying(), known: false, over: false, failed: false, offset_ms: null, heard: [] };
    this.#run = run;
    if (!canFeed()) return this.tell({ type: 'unsupported' });
    for (const [name, what] of Object.entries(this.heard)) this.video.addEventListener(name, what);
    try {
      run.transport = await this.#transport;
    } catch (error) {
      return run === this.#run && this.#fail({ kind: 'network', status: error?.status ?? 0, offered: false });
    }
    const found = run === this.#run ? await this.#ask() : null;
    if (run !== this.#run) return undefined;
    if (!found.text) return this.#fail({ kind: 'network', status: found.status });
    return this.#begin(run, parse(found.text, found.url));
  }

  async #ask() {
    const url = new URL('index.m3u8', this.base).href;
    const stop = new AbortController();
    const patience = setTimeout(() => stop.abort(), PATIENCE_MS);
    try {
      const response = await fetch(url, { signal: stop.signal });
      return { url, status: response.status, text: response.ok ? await response.text() : null };
    } catch {
      return { url, status: 0, text: null };
    } finally {
      clearTimeout(patience);
    }
  }

  #begin(run, { title, video, audio }) {
    const silent = this.#options.sound === false || this.#soundless;
    Object.assign(run, { title, video: video.filter(canPlay), audio: audio.filter(canPlay) });
    const first = [this.#first(run.video), video.length && silent ? null : run.audio[0]].filter(Boolean);
    if (!first.length || (video.length && !run.video.length)) return this.tell({ type: 'unsupported' });
    run.playhead = new Playhead(this.video, () => this.#mediaAt(this.#aim_ms()), () => this.#aim_ms());
    run.sink = new Sink(this.video, (what) => this.#fail({ kind: 'media', status: 0, what }), () => run.playhead.fed());
    run.sink.open(first);
    for (const track of first) {
      const lane = new Lane(track.kind, { transport: run.transport, sink: run.sink, owner: this.#owner(run) });
      run.lanes.set(track.kind, lane);
      lane.bring(track);
    }
    this.#floor ??= new Floor(run.lanes.has('audio'));
    floors.add(this.#floor);
    run.main = run.lanes.get('video') ?? run.lanes.get('audio');
    run.abr = abr.begin(performance.now());
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    return undefined;
  }

  #first(tracks) {
    const fit = fitting(tracks, this.#pixels());
    return tracks.find(({ name }) => name === this.#chosen) ?? tracks.find((one) => fit.includes(one)) ?? tracks[0];
  }

  #pixels() {
    return this.video.clientHeight * (globalThis.devicePixelRatio ?? 1);
  }

  retry() {
    const run = this.#run;
    if (!run?.sink || run.sink.state !== 'open' || this.video.error) return void this.load();
    run.failed = false;
    run.retrying = new Retrying();
    for (const lane of run.lanes.values()) {
      if (!lane.alive && !lane.wanted) lane.bring(run.last?.get(lane.kind) ?? lane.track ?? run[lane.kind][0]);
    }
  }

  recover() {
    this.load();
  }

  destroy() {
    clearInterval(this.#timer);
    for (const [name, what] of Object.entries(this.heard)) this.video.removeEventListener(name, what);
    floors.delete(this.#floor);
    const run = this.#run;
    this.#run = null;
    if (!run) return;
    for (const lane of run.lanes.values()) lane.close();
    run.transport?.close();
    run.sink?.close();
  }

  /* — what the lanes tell — */

  #owner(run) {
    const own = (what) => (...args) => { if (run === this.#run) what(...args); };
    return {
      appended: own((lane, chunk) => this.#appended(run, lane, chunk)),
      gone: own((lane, status, track, which) => this.#gone(run, lane, status, track, which)),
      heard: own((lane, count) => this.#heard(run, lane, count)),
      broken: own(() => this.#fail({ kind: 'media', status: 0, what: 'bytes' })),
    };
  }

  #heard(run, lane, count) {
    lane.quiet = 0;
    if (lane === run.main) run.bytes = (run.bytes ?? 0) + count;
  }

  #appended(run, lane, chunk) {
    run.retrying.good(lane.kind, performance.now());
    const offset_ms = chunk.offset_ms ?? this.#unixOffset(chunk.start_s);
    if (lane === run.main || run.offset_ms === null) run.offset_ms = offset_ms;
    if (lane === run.main && offset_ms !== null) run.newest_ms = chunk.end_s * 1000 + offset_ms;
    const live = performance.now() - lane.since_ms > LIVE_AFTER_MS;
    const delay_ms = this.#clock.now() - chunk.start_s * 1000 - offset_ms;
    if (live && offset_ms !== null && this.#clock.known) this.#floor.arrived(delay_ms, performance.now());
    (run.last ??= new Map()).set(lane.kind, chunk.track);
    if (!run.known) {
      run.known = true;
      this.tell({ type: 'manifest', over: false });
    }
    if (chunk.last) this.#ending(run);
  }

  /* Without prft: media time is Unix time if it looks like it. */
  #unixOffset(media_s) {
    return Math.abs(media_s * 1000 - this.#clock.now()) < DAY_MS ? 0 : null;
  }

  #gone(run, lane, status, track, which) {
    if (lane.over || run.failed) return;
    if (which === 'next' && lane.alive) return; // a switch that came to nothing
    if (which === 'current' && lane.wanted) return; // the other is on its way
    if (lane.end_s === null && lane !== run.main && status === 404) {
      this.#soundless = true;
      this.load();
      return;
    }
    if (lane.end_s !== null && status === 404) return void this.#closed(run, track);
    const order = run.retrying.gone(lane.kind, { status, fresh: lane.end_s === null }, performance.now(), Math.random());
    if (order.fail) this.#fail({ kind: 'network', status, ...(order.offered === false && { offered: false }) });
    else run.retrying.plan(lane.kind, () => run === this.#run && lane.bring(track), order.wait_ms);
  }

  /* A stream that was there and is no more: the event has ended, if its playlist says so. */
  async #closed(run, track) {
    const over = await isOver(track);
    if (run !== this.#run || run.failed) return;
    if (!over) this.#fail({ kind: 'network', status: 404 });
    for (const lane of run.lanes.values()) lane.over = over;
    if (over) this.#ending(run);
  }

  #fail(more) {
    const run = this.#run;
    if (!run || run.failed || run.over) return;
    run.failed = true;
    for (const lane of run.lanes.values()) lane.close();
    run.retrying.stop();
    this.tell({ type: 'failed', ...more });
  }

  #ending(run) {
    run.ending_ms ??= performance.now();
    const all = [...run.lanes.values()].every(({ over }) => over);
    if (run.over || (!all && performance.now() - run.ending_ms < OTHERS_END_MS)) return;
    run.over = true;
    for (const lane of run.lanes.values()) lane.close();
    run.sink.end();
    this.tell({ type: 'over' });
  }

  /* — the playhead — */

  #aim_ms() {
    return Math.max(this.#options.aim_ms?.() ?? 0, this.floor_ms() ?? 0) || AIM_MS;
  }

  #stalled() {
    const run = this.#run;
    if (!run?.playhead?.placed || run.over || this.video.seeking || this.video.paused) return;
    if (performance.now() - run.main.since_ms > LIVE_AFTER_MS) this.#floor.stalled(performance.now());
  }

  /** Media seconds, in the element, of what was captured so long ago; null while that is unknown. */
  #mediaAt(ago_ms) {
    const run = this.#run;
    if (!this.#clock.known || run?.newest_ms === undefined || run.sink.base_s === undefined) return null;
    if (!isPlausible(this.#clock.now() - run.newest_ms)) return null;
    return (this.#clock.now() - ago_ms - run.offset_ms) / 1000 - run.sink.base_s;
  }

  /* — looking after it — */

  #tick() {
    const run = this.#run;
    if (!run || run.failed || run.over) return;
    for (const lane of run.lanes.values()) {
      lane.nudge();
      lane.quiet = (lane.quiet ?? 0) + 1;
      if (run.retrying.isSilent(lane.quiet * TICK_MS) && lane.track && !lane.over) {
        const { track } = lane;
        lane.quiet = 0;
        lane.drop();
        this.#gone(run, lane, 0, track, 'current');
      }
    }
    run.playhead.look();
    if (run.ending_ms) this.#ending(run);
    this.#look(run);
  }

  #look(run) {
    run.heard = [...run.heard, run.bytes ?? 0].slice(-8);
    run.bytes = 0;
    const at = this.#ladder(run);
    if (run.main.wanted || run.newest_ms === undefined || this.#chosen !== null || at.rungs.length < 2) return;
    const received_bps = (run.heard.reduce((sum, count) => sum + count, 0) * 8000) / (run.heard.length * TICK_MS);
    const seen = { ...at, delay_ms: localNow() - run.newest_ms, chunk_ms: run.main.chunk_ms, received_bps };
    this.#obey(run, abr.look(run.abr, seen, performance.now()));
  }

  #ladder(run) {
    const all = fitting(run[run.main.kind], 0);
    const fit = fitting(run[run.main.kind], this.#pixels());
    const now = run.main.track?.name;
    const rungs = fit.some(({ name }) => name === now) ? fit : all;
    return { rungs, at: rungs.findIndex(({ name }) => name === now) };
  }

  #obey(run, { state, order }) {
    run.abr = state;
    if (order?.type === 'switch') this.#switch(run, order.to);
    if (order?.type !== 'probe') return;
    probe(run[run.main.kind].find(({ name }) => name === order.to)).then((probe_bps) => {
      if (run !== this.#run) return;
      this.#bps = probe_bps || this.#bps;
      this.#obey(run, abr.probed(run.abr, { probe_bps, ...this.#ladder(run) }, performance.now()));
    });
  }

  #switch(run, name) {
    const lane = run.main;
    const track = run[lane.kind].find((one) => one.name === name);
    if (!track || run.failed || run.over || name === (lane.wanted ?? lane.track)?.name) return;
    const ahead_ms = lane.end_s === null ? 0 : (lane.end_s - run.sink.base_s - this.video.currentTime) * 1000;
    if ((track.bps ?? 0) < (lane.track?.bps ?? 0) && ahead_ms < URGENT_MS && this.#chosen === null) lane.drop();
    lane.bring(track);
  }

  /* — what others ask — */

  rungs() {
    return (this.#run?.video ?? []).map(({ name, height, fps, bps }) => ({ id: name, height, bps, label: labelOf(height, fps) }));
  }

  rung() {
    const shown = this.#run?.last?.get('video')?.name;
    return this.rungs().find(({ id }) => id === shown) ?? null;
  }

  chosen() {
    return this.#chosen;
  }

  choose(id) {
    this.#chosen = id;
    if (id !== null && this.#run?.main?.kind === 'video') this.#switch(this.#run, id);
  }

  captions() {
    return [];
  }

  caption() {
    return null;
  }

  show() {}

  range() {
    const { buffered } = this.video;
    if (!this.#run?.known || !buffered.length) return null;
    const end_s = buffered.end(buffered.length - 1);
    if (this.#run.over) return { start: buffered.start(0), live: end_s, over: true };
    const live_s = this.#mediaAt(this.#aim_ms()) ?? end_s - EDGE_S;
    return { start: buffered.start(0), live: Math.max(buffered.start(0), Math.min(live_s, end_s)), over: false };
  }

  dateOf(media_s) {
    const run = this.#run;
    if (run?.offset_ms == null || run.sink?.base_s === undefined) return null;
    return (media_s + run.sink.base_s) * 1000 + run.offset_ms;
  }

  floor_ms() {
    return this.#floor ? highest(floors, performance.now()) : null;
  }

  carries() {
    const run = this.#run;
    return run?.known ? { picture: run.lanes.has('video'), sound: run.lanes.has('audio') } : null;
  }

  bandwidth_bps() {
    return this.#bps;
  }

  title() {
    return this.#run?.title ?? null;
  }
}

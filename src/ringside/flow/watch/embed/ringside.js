/* One viewer on one <video>: joins the session (which decides), the way (which plays) and the pacer (which keeps to the
   common moment). It needs a video element, an event's URL and nothing else of the page; it says what happens by `change`
   events, whose detail is {state, path, sentence, note}. */
import { Pacer } from '../sync/pacer.js';
import { Freeze } from './freeze.js';
import { carriedBy, noteOf } from './facts.js';
import { Meter } from './meter.js';
import { isLive } from '../player/probe.js';
import { Past } from './past.js';
import { SENTENCES, say, spoken } from './sentences.js';
import { begin, sentenceOf, step } from './session.js';
import { shared } from './shared.js';
import { Way } from './way.js';

const REPLAY_TARGET_S = 1.2; // nobody steers to it, and nobody asks for one
const TICK_MS = 250;
const STALE_TICK_MS = 5000;

/** `https://edge/live/main` in any spelling → the absolute URL that ends in a slash. */
export function baseOf(url, page = globalThis.location?.href) {
  const base = new URL(url, page);
  base.pathname = `${base.pathname.replace(/\/(index\.(m3u8|mpd))?$/, '')}/`;
  base.search = base.hash = '';
  return base.href;
}

/* a playhead that was put somewhere else has not played its way there */
const isMoving = (played_s, passed_ms) => played_s > 0.01 && played_s < (2 * passed_ms) / 1000 + 0.5;

export class RingsidePlayer extends EventTarget {
  #release; #video; #base; #clock; #target; #meter; #freeze; #pacer; #way; #past; #timer;
  #sound;
  #session;
  #last = { media_s: 0, tick_ms: performance.now() };
  #played_ms = 0;
  #goes_ms = null;
  #told = '';
  #gone = new AbortController();

  /** `url` is the event's, as in https://edge/live/main. Options: player (auto push moq hls dash shaka native), via (hls or
      dash, under shaka), sound (false: never fetched), past (false: nobody goes back in time here), target_s (instead of
      the event's own), freeze (a canvas over the video), replay (`url` is a recording: all of it, from its beginning). */
  constructor(video, { url, player = 'auto', via = null, sound = true, past = true, target_s = null, freeze = null, replay = false } = {}) {
    super();
    this.replay = replay;
    this.#session = begin(performance.now(), replay);
    [this.#video, this.#base, this.#sound] = [video, baseOf(url), sound];
    const { clock, target, release } = shared(this.#base, replay ? REPLAY_TARGET_S : target_s);
    [this.#clock, this.#target, this.#release] = [clock, target, release];
    this.#meter = new Meter(video, clock);
    this.#freeze = new Freeze(video, freeze);
    this.#past = past && !replay ? new Past(this.#base) : null;
    this.#pacer = new Pacer({ video, clock, target, player: this.#steered });
    const options = { video, base: this.#base, clock, target, sound, via, aim_ms: () => this.#begin_ms(), begin_s: () => this.#begin_s() };
    this.#way = new Way({ options, tell: (input) => this.#take(input), onOpen: () => this.#fresh() });
    video.playsInline = true;
    if (!sound) video.muted = true;
    this.#listen();
    this.#way.start(replay && player === 'auto' ? 'hls' : player);
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  #listen() {
    const { signal } = this.#gone;
    const woke = () => {
      if (document.visibilityState !== 'visible') return;
      this.#clock.refresh();
      this.#take({ type: 'woke' });
    };
    document.addEventListener('visibilitychange', woke, { signal });
    window.addEventListener('online', woke, { signal });
    window.addEventListener('pageshow', (event) => event.persisted && woke(), { signal });
    this.#video.addEventListener('ended', () => this.#take({ type: 'played_out' }), { signal });
    this.#video.addEventListener('seeking', () => this.#meter.forget(), { signal });
  }

  /** Leave the event: nothing is fetched, timed or drawn from now on. */
  async destroy() {
    this.#gone.abort();
    clearInterval(this.#timer);
    this.#pacer.destroy();
    this.#past?.stop();
    this.#meter.stop();
    this.#freeze.release();
    this.#release();
    await this.#way.destroy();
  }

  /** What the viewer wants: play, pause, live, or seek with `{media_s, live}`. */
  ask(verb, more = {}) {
    if (verb === 'seek') this.#seek(more.media_s);
    this.#take({ type: 'user', verb, ...more });
  }

  #seek(media_s) {
    const back_s = (this.player?.range()?.start ?? media_s) - media_s;
    if (back_s > 0.2 && this.#presentOnly) this.#back(this.dateOf(media_s));
    else this.#video.currentTime = media_s;
  }

  /* to a moment that the path in use no longer has */
  #back(date_ms) {
    this.#goes_ms = date_ms;
    this.#way.take({ type: 'past', by: this.#past.by });
  }

  #take(input) {
    if (this.#gone.signal.aborted) return;
    const now_ms = performance.now();
    const { state, actions } = step(this.#session, input, now_ms, Math.random());
    if (state.stalls > this.#session.stalls) this.player?.stalled?.(now_ms);
    this.#session = state;
    for (const action of actions) this.#do[action]();
    this.#pace();
    this.#tell();
  }

  #do = {
    load: () => this.#way.load(),
    retry: () => this.#way.retry(),
    recover: () => this.#way.recover(),
    play: () => this.#play(),
    pause: () => this.#video.pause(),
    seek_live: () => {
      this.#goes_ms = null;
      if (this.#way.take({ type: 'present' })) return;
      const range = this.range();
      if (range) this.#video.currentTime = range.live;
    },
    rewind: () => {
      const range = this.range();
      if (range) this.#seek(range.start);
    },
    probe: async () => {
      if (await isLive(this.#base)) this.#take({ type: 'alive' });
    },
  };

  /* a fresh player is about to fill the video: what was seen stays up, and nothing is known of what it carries */
  #fresh() {
    this.#freeze.hold();
    this.#played_ms = 0;
  }

  async #play() {
    try {
      await this.#video.play();
    } catch (error) {
      if (error.name === 'NotAllowedError') this.#refused();
    }
  }

  /* most browsers let a silent picture play: sound is then a tap away */
  #refused() {
    if (this.#video.muted) return this.#take({ type: 'blocked' });
    this.#video.muted = true;
    return this.#play();
  }

  #tick() {
    const now_ms = performance.now();
    const { currentTime: media_s, paused, seeking } = this.#video;
    const passed_ms = now_ms - this.#last.tick_ms;
    const moving = !paused && !seeking && this.#video.readyState > 1 && isMoving(media_s - this.#last.media_s, passed_ms);
    if (passed_ms > STALE_TICK_MS) this.#take({ type: 'woke' }); // the tab slept
    this.#last = { media_s, tick_ms: now_ms };
    if (moving) {
      this.#video.dataset.seen = '';
      this.#freeze.release();
    }
    if (moving) this.#played_ms += passed_ms;
    const seen = { type: 'tick', moving, paused, online: navigator.onLine, hidden: document.visibilityState !== 'visible' };
    this.#take({ ...seen, behind_s: this.behind_s() });
    this.#way.take({ ...seen, ...this.#wanting(seen) });
  }

  /* whether a picture is wanted that is not there: the ladder's part of a tick */
  #wanting({ hidden }) {
    const { phase, blocked, broken } = this.#session;
    if (hidden || blocked) return { waiting: false, stalled: false };
    return { waiting: phase === 'joining', stalled: phase === 'stalled' || (phase === 'unreachable' && broken !== null) };
  }

  /* the playhead is steered only while it is to stand at the live moment */
  #pace() {
    const { phase, intent, over } = this.#session;
    const steers = intent === 'live' && !over && (phase === 'playing' || phase === 'stalled' || phase === 'joining');
    if (steers) this.#pacer.start();
    else this.#pacer.stop();
  }

  /* what the pacer sees of whoever plays now */
  #steered = {
    dateOf: (media_s) => this.#way.player?.dateOf(media_s) ?? null,
    floor_ms: () => this.#way.player?.floor_ms() ?? null,
  };

  /* where a fresh player begins: where everybody is, or where the viewer wants to go back to */
  #begin_ms() {
    return this.#goes_ms === null ? this.#aim_ms() : Math.max(this.#aim_ms(), this.#clock.now() - this.#goes_ms);
  }

  /* in an event that is over there is no live moment to begin behind */
  #begin_s() {
    const oldest_ms = this.#past?.oldest_ms ?? null;
    if (!this.#session.over || this.#goes_ms === null || oldest_ms === null) return null;
    return Math.max(0, (this.#goes_ms - oldest_ms) / 1000);
  }

  #aim_ms() {
    return Math.max(this.#target.at(this.#clock.now()).target_ms, this.#steered.floor_ms() ?? 0);
  }

  #tell() {
    const { state, path, sentence, note } = this.status();
    const told = [state, path, sentence, note].join('\n');
    if (told === this.#told) return;
    this.#told = told;
    this.dispatchEvent(new CustomEvent('change', { detail: { state, path, sentence, note } }));
  }

  /** How it stands: `sentence` says what a viewer waits for, `note` what this stream or browser cannot give; null for nothing. */
  status() {
    const range = this.range();
    const window_s = range ? range.live - range.start : 0;
    const key = sentenceOf(this.#session, performance.now(), window_s);
    const note = this.note();
    return {
      state: this.#session.phase, path: this.path, key,
      sentence: key ? say(key, { minutes: spoken(window_s) }) : null, note: note && SENTENCES[note],
    };
  }

  /** The key of the note to show, or null. */
  note() {
    const player = this.#way.player;
    return noteOf({
      blocked: this.#session.blocked,
      carries: player && (player.carries?.() ?? carriedBy(this.#video)),
      dated: Number.isFinite(this.dateOf(this.#video.currentTime)),
      sound: this.#sound,
      native: player?.path === 'native-hls',
      played_ms: this.#played_ms,
    });
  }

  get video() {
    return this.#video;
  }

  get clock() {
    return this.#clock;
  }

  get target() {
    return this.#target;
  }

  get session() {
    return this.#session;
  }

  get player() {
    return this.#way.player;
  }

  get path() {
    return this.#way.player?.path ?? null;
  }

  /** {start, live, over} in media seconds: live is where everybody else is now; null before anything is known. */
  range() {
    const range = this.#withPast(this.player?.range() ?? null);
    const late_ms = range && !range.over ? this.late_ms() : NaN;
    return Number.isFinite(late_ms) ? { ...range, live: Math.max(range.start, this.#video.currentTime + late_ms / 1000) } : range;
  }

  get #presentOnly() {
    return this.#way.presentOnly(this.#past?.by ?? null);
  }

  #withPast(range) {
    const back_s = (this.#past?.oldest_ms - this.dateOf(range?.start)) / 1000;
    const reaches = range && this.#past?.oldest_ms && this.#presentOnly && back_s < 0;
    return reaches ? { ...range, start: range.start + back_s } : range;
  }

  /** Milliseconds that the playhead is behind the common moment (negative: before it); NaN where the stream has no dates. */
  late_ms() {
    const date_ms = this.dateOf(this.#video.currentTime);
    return this.#clock.now() - date_ms - this.#aim_ms();
  }

  /** Seconds from the playhead to where live plays; 0 before anything is known. */
  behind_s() {
    const range = this.range();
    return range ? Math.max(0, range.live - this.#video.currentTime) : 0;
  }

  /** Seconds of media ahead of the playhead. */
  ahead_s() {
    const { buffered, currentTime } = this.#video;
    for (let i = 0; i < buffered.length; i += 1) {
      if (buffered.start(i) <= currentTime + 0.1 && buffered.end(i) > currentTime) return buffered.end(i) - currentTime;
    }
    return 0;
  }

  /** UTC milliseconds of a media time; NaN where unknown. */
  dateOf(media_s) {
    return this.player?.dateOf(media_s) ?? NaN;
  }

  /** Everything a bench or an engineer asks of a viewer; times in ms, rates in bit/s. */
  stats() {
    const rung = this.player?.rung();
    return {
      path: this.path,
      ...this.#meter.latency(this.#video.readyState > 1 ? this.dateOf(this.#video.currentTime) : NaN),
      target_ms: this.#pacer.target_ms ?? this.#aim_ms(),
      offset_ms: this.#pacer.offset_ms ?? null,
      clock_offset_ms: this.#clock.offset_ms,
      trip_ms: this.#clock.trip_ms,
      buffer_ms: this.ahead_s() * 1000,
      behind_ms: this.behind_s() * 1000,
      stalls: this.#session.stalls,
      rung: rung?.label ?? null,
      rung_bps: rung?.bps ?? null,
      width: this.#video.videoWidth,
      height: this.#video.videoHeight,
      bandwidth_bps: this.player?.bandwidth_bps() ?? null,
      rate: this.#video.playbackRate,
      ...this.#meter.frames(),
      state: this.#session.phase,
      player: this.player?.name ?? null,
      version: this.player?.version ?? null,
    };
  }

  /** The status line. */
  toString() {
    const { path, state, rung, stalls, latency_ms, offset_ms } = this.stats();
    return `${path} ${state} ${rung}, ${Math.round(latency_ms)} ms behind, ${Math.round(offset_ms)} ms off, ${stalls} stalls`;
  }
}

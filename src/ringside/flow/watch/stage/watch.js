/* The watch page: joins the session (which decides), the player (which plays) and the controls (which ask). */
import { bits } from '../controls/text.js';
import { choose, open } from '../player/index.js';
import { isLive } from '../player/probe.js';
import { ServerClock } from '../sync/clock.js';
import { Freeze } from './freeze.js';
import { Meter } from './meter.js';
import { begin, step } from './session.js';
import { View } from './view.js';

const TICK_MS = 250;
const STALE_TICK_MS = 5000;

const byId = (id) => document.getElementById(id);

export class Watch {
  #video = byId('video');
  #clock = new ServerClock().start();
  #meter = new Meter(this.#video, this.#clock);
  #freeze = new Freeze(this.#video, byId('freeze'));
  #player = null;
  #session = begin(performance.now());
  #last = { media_s: 0, tick_ms: performance.now() };

  constructor({ event, player, via, engineer }) {
    this.event = event;
    this.view = new View({ event, engineer, video: this.#video, ask: (verb, more) => this.ask(verb, more), watch: this });
    this.#listen();
    this.#start(player, via);
    setInterval(() => this.#tick(), TICK_MS);
  }

  async #start(asked, via) {
    const name = choose(asked, this.#video);
    if (!name) return this.#take({ type: 'unsupported' });
    const load = () => open(name, { video: this.#video, event: this.event, via, tell: (input) => this.#take(input) });
    while (!this.#player) {
      this.#player = await load().catch(() => null); // the player's own code did not arrive: try again
      if (!this.#player) await new Promise((wake) => setTimeout(wake, 1000 + Math.random() * 2000));
    }
    return this.#player.load();
  }

  #listen() {
    const woke = () => {
      if (document.visibilityState !== 'visible') return;
      this.#clock.refresh();
      this.#take({ type: 'woke' });
    };
    document.addEventListener('visibilitychange', woke);
    window.addEventListener('online', woke);
    window.addEventListener('pageshow', (event) => event.persisted && woke());
    this.#video.addEventListener('ended', () => this.#take({ type: 'played_out' }));
    this.#video.addEventListener('seeking', () => this.#meter.forget());
  }

  /** What the viewer wants: play, pause, live, or seek with `{media_s, live}`. */
  ask(verb, more = {}) {
    if (verb === 'seek') this.#video.currentTime = more.media_s;
    this.#take({ type: 'user', verb, ...more });
  }

  #take(input) {
    const { state, actions } = step(this.#session, input, performance.now(), Math.random());
    this.#session = state;
    for (const action of actions) this.#do[action]();
    this.view.draw(this);
  }

  #do = {
    load: () => {
      this.#freeze.hold();
      this.#player?.load();
    },
    retry: () => this.#player?.retry(),
    recover: () => {
      this.#freeze.hold();
      this.#player?.recover();
    },
    play: () => this.#play(),
    pause: () => this.#video.pause(),
    seek_live: () => {
      const range = this.range();
      if (range) this.#video.currentTime = range.live;
    },
    rewind: () => {
      const range = this.range();
      if (range) this.#video.currentTime = range.start;
    },
    probe: async () => {
      if (await isLive(this.event)) this.#take({ type: 'alive' });
    },
  };

  async #play() {
    try {
      await this.#video.play();
    } catch (error) {
      if (error.name === 'NotAllowedError') this.#take({ type: 'blocked' });
    }
  }

  #tick() {
    const now_ms = performance.now();
    const { currentTime: media_s, paused, seeking } = this.#video;
    const moving = !paused && !seeking && media_s > this.#last.media_s + 0.01;
    if (now_ms - this.#last.tick_ms > STALE_TICK_MS) this.#take({ type: 'woke' }); // the tab slept
    this.#last = { media_s, tick_ms: now_ms };
    if (moving) {
      this.#video.dataset.seen = '';
      this.#freeze.release();
    }
    this.#take({
      type: 'tick', moving, paused, behind_s: this.behind_s(), online: navigator.onLine, hidden: document.visibilityState !== 'visible',
    });
  }

  get session() {
    return this.#session;
  }

  get player() {
    return this.#player;
  }

  range() {
    return this.#player?.range() ?? null;
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

  /** UTC milliseconds of a media time. */
  dateOf(media_s) {
    return this.#player?.dateOf(media_s) ?? NaN;
  }

  /** Everything a bench or an engineer asks of a viewer; times in ms, rates in bit/s. */
  stats() {
    const rung = this.#player?.rung();
    return {
      path: this.#player?.path ?? null,
      ...this.#meter.latency(this.#video.videoWidth ? this.dateOf(this.#video.currentTime) : NaN),
      offset_ms: this.#clock.offset_ms,
      trip_ms: this.#clock.trip_ms,
      buffer_ms: this.ahead_s() * 1000,
      behind_ms: this.behind_s() * 1000,
      stalls: this.#session.stalls,
      rung: rung?.label ?? null,
      rung_bps: rung?.bps ?? null,
      width: this.#video.videoWidth,
      height: this.#video.videoHeight,
      bandwidth_bps: this.#player?.bandwidth_bps() ?? null,
      rate: this.#video.playbackRate,
      ...this.#meter.frames(),
      state: this.#session.phase,
      player: this.#player?.name ?? null,
      version: this.#player?.version ?? null,
    };
  }

  /** The status line. */
  toString() {
    const { path, state, rung, rung_bps, stalls } = this.stats();
    return `${path} ${state} ${rung} ${bits(rung_bps)}, ${stalls} stalls`;
  }
}

const query = new URLSearchParams(location.search);
window.ringside = {
  players: [
    new Watch({
      event: query.get('event') || 'main',
      player: query.get('player'),
      via: query.get('via'),
      engineer: query.has('engineer'),
    }),
  ],
};

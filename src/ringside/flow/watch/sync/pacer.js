/* Plays a video so that what it shows is as old as the target says: looks, asks steer.js, and turns the two knobs there
   are, playbackRate and (beyond a second) currentTime.

   The player says when a picture was taken (`dateOf`) and how little latency its path can hold (`floor_ms`). A clock that
   cannot be right (a server hours off, or none that answers) is corrected so that the newest picture is as old as it would be. */
import { isPlausible, shiftFor } from './latency.js';
import { noted, refreshOf, rungOf } from './phase.js';
import { begin, steer } from './steer.js';

const LOOK_MS = 100;
const BLIND_MS = 4000; // without a clock for so long, the media's own time has to do
const EAGER_MS = 1500; // the first picture waits so long for clock and target, lest it begin where it cannot stay
const DOUBT_MS = 2000; // an implausible clock is borne for so long
const NEW_MS = 600;
const FRESH_MS = 500; // a picture shown before that says nothing of now
const REFRESHES = 24;
const AGAIN_MS = 2000; // a screen's refresh changes: Chromium halves it while two videos or more are on it
const KEEPS_CADENCE = /Chrome\//.test(globalThis.navigator?.userAgent ?? ''); // whose renderer phase.js knows
const FLOOR_SLOPE = 0.02; // the floor may move, but no faster than steering follows

/** Media in `buffered` around `at_s`: `{ahead_ms, behind_ms}`; what lies beyond a gap does not count. */
export function around(buffered, at_s) {
  for (let i = 0; i < buffered.length; i += 1) {
    if (buffered.start(i) <= at_s + 0.05 && buffered.end(i) >= at_s) {
      return { ahead_ms: (buffered.end(i) - at_s) * 1000, behind_ms: Math.max(0, at_s - buffered.start(i)) * 1000 };
    }
  }
  return { ahead_ms: 0, behind_ms: 0 };
}

/** A value that follows another, no faster than `FLOOR_SLOPE`; the first at once. */
export function followed(shown_ms, wanted_ms, passed_ms) {
  if (shown_ms === null || wanted_ms === null) return wanted_ms;
  const most_ms = FLOOR_SLOPE * passed_ms;
  return shown_ms + Math.min(most_ms, Math.max(-most_ms, wanted_ms - shown_ms));
}

export class Pacer {
  #video;
  #clock;
  #target;
  #player;
  #state = begin();
  #timer = 0;
  #waiting = 0; // for the next picture
  #counting = 0; // refreshes
  #timing = 0; // until they are counted again
  #sees;
  #looked_ms = null;
  #began_ms = 0;
  #floor_ms = null;
  #doubt_since_ms = null;
  #newest = { date_ms: -Infinity, at_ms: -Infinity };
  #shown = [];
  #shown_ms = 0;
  #refresh_ms = null;
  #told = { target_ms: null, offset_ms: null };

  constructor({ video, clock, target, player }) {
    this.#video = video;
    this.#clock = clock;
    this.#target = target;
    this.#player = player;
    this.#sees = KEEPS_CADENCE && 'requestVideoFrameCallback' in video;
    video.addEventListener('emptied', this.#afresh);
  }

  /** The effective target; null before the first look. */
  get target_ms() {
    return this.#told.target_ms;
  }

  /** Latency minus target: late is positive. */
  get offset_ms() {
    return this.#told.offset_ms;
  }

  start() {
    if (this.#timer) return;
    this.#began_ms = performance.now();
    this.#video.preservesPitch = true;
    this.#look();
    if (!this.#sees) return;
    this.#follow();
    this.#time();
  }

  /** Lets go: the video plays at its own pace, as a viewer in the past wants it. */
  stop() {
    for (const timer of [this.#timer, this.#timing]) clearTimeout(timer);
    this.#timer = 0;
    cancelAnimationFrame(this.#counting);
    if (this.#sees) this.#video.cancelVideoFrameCallback(this.#waiting);
    this.#state = { ...begin(), starting: this.#state.starting };
    this.#turn(1);
  }

  /** Lets go for good. */
  destroy() {
    this.stop();
    this.#video.removeEventListener('emptied', this.#afresh);
  }

  /* Another source in the same video: where it starts is free again. */
  #afresh = () => {
    this.#state = begin();
    this.#floor_ms = null;
    this.#doubt_since_ms = null;
    this.#newest = { date_ms: -Infinity, at_ms: -Infinity };
    this.#shown = [];
  };

  #look() {
    const now_ms = performance.now();
    const seen = this.#see(now_ms);
    const { state, rate, jump_ms } = steer(this.#state, seen, now_ms);
    this.#state = state;
    this.#looked_ms = now_ms;
    this.#turn(state.starting && !this.#isReady(now_ms) ? 0 : rate);
    if (jump_ms !== null) this.#video.currentTime += jump_ms / 1000;
    const until_ms = state.waiting ? Math.max(1, -state.est_ms - 5) : LOOK_MS;
    this.#timer = setTimeout(() => this.#look(), Math.min(LOOK_MS, until_ms));
  }

  /* The screen's refreshes, now and again. */
  #time() {
    const times = [];
    const count = (now_ms) => {
      if (times.push(now_ms) < REFRESHES) this.#counting = requestAnimationFrame(count);
      else {
        this.#refresh_ms = refreshOf(times);
        this.#timing = setTimeout(() => this.#time(), AGAIN_MS);
      }
    };
    this.#counting = requestAnimationFrame(count);
  }

  /* Each picture as it is shown. */
  #follow() {
    this.#waiting = this.#video.requestVideoFrameCallback((_, { expectedDisplayTime, mediaTime }) => {
      const [now_ms, date_ms] = [performance.now(), this.#player.dateOf(mediaTime)];
      const utc_ms = this.#now(now_ms);
      if (date_ms !== null && utc_ms !== null) this.#shown = noted(this.#shown, utc_ms + expectedDisplayTime - now_ms - date_ms);
      this.#shown_ms = now_ms;
      this.#follow();
    });
  }

  /* What to steer to: the target, but for the screen's refresh that is nearest to it. */
  #aimed(target_ms, slope, now_ms) {
    const clear = slope === 0 && this.#state.settled && now_ms - this.#shown_ms < FRESH_MS;
    return clear ? rungOf(this.#shown, this.#refresh_ms, target_ms) : target_ms;
  }

  #turn(rate) {
    if (this.#video.playbackRate !== rate) this.#video.playbackRate = rate;
  }

  /* What steer.js wants to know; the moment and the playhead are read next to each other. */
  #see(now_ms) {
    const video = this.#video;
    const [utc_ms, at_s] = [this.#now(now_ms), video.currentTime];
    const media = around(video.buffered, at_s);
    const date_ms = this.#player.dateOf(at_s);
    this.#doubt(utc_ms, date_ms, media.ahead_ms, now_ms);
    const { target_ms, slope } = this.#effective(utc_ms, now_ms);
    const latency_ms = date_ms === null || utc_ms === null ? null : utc_ms - date_ms;
    this.#told = { target_ms, offset_ms: latency_ms === null ? null : latency_ms - target_ms };
    const free = video.paused || video.seeking || video.ended || video.readyState < 2;
    if (free || latency_ms === null || !this.#isReady(now_ms)) return { late_ms: null, slope, ...media };
    return { late_ms: latency_ms - this.#aimed(target_ms, slope, now_ms), slope, ...media };
  }

  #isReady(now_ms) {
    return (this.#clock.known && this.#target.known) || now_ms - this.#began_ms > EAGER_MS;
  }

  #now(now_ms) {
    return this.#clock.known || now_ms - this.#began_ms > BLIND_MS ? this.#clock.now() : null;
  }

  /* The newest there is tells whether the clock can be right, while it is new: one that stays wrong is corrected, for all. */
  #doubt(utc_ms, date_ms, ahead_ms, now_ms) {
    if (utc_ms === null || date_ms === null) return;
    const newest_ms = date_ms + ahead_ms;
    if (newest_ms > this.#newest.date_ms) this.#newest = { date_ms: newest_ms, at_ms: now_ms };
    const age_ms = utc_ms - newest_ms;
    if (isPlausible(age_ms) || now_ms - this.#newest.at_ms > NEW_MS) this.#doubt_since_ms = null;
    else this.#doubt_since_ms ??= now_ms;
    if (this.#doubt_since_ms === null || now_ms - this.#doubt_since_ms < DOUBT_MS) return;
    this.#clock.correct(shiftFor(age_ms));
    this.#doubt_since_ms = null;
  }

  /* The event's target, or what the path can hold where that is more. */
  #effective(utc_ms, now_ms) {
    const { target_ms, slope } = this.#target.at(utc_ms ?? this.#clock.now());
    this.#floor_ms = followed(this.#floor_ms, this.#player.floor_ms(), now_ms - (this.#looked_ms ?? now_ms));
    return (this.#floor_ms ?? 0) > target_ms ? { target_ms: this.#floor_ms, slope: 0 } : { target_ms, slope };
  }
}

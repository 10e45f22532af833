/* Where the playhead stands in what is buffered: put there at the start, moved on where nothing will come any more.

   `due()` is the media time that is due now, in the element, or null while that is unknown; `aim()` how far, in ms, behind the
   newest to begin then. Decisions are functions of what is buffered, `spans` of `[start, end]`; the class only asks and does. */

export const EDGE_S = 0.03;
const STUCK_S = 0.12; // of media that is there, and does not play: a frame or two
const [EARLY_S, MOST_EARLY_S] = [0.05, 3];
const FROZEN_LOOKS = 3;
const FROZEN_S = 0.5; // less is made good by steering

/** Where to begin: at what is due, or as near as there is something. */
export function start(spans, due_s, aim_ms) {
  const [first_s, end_s] = spans[0];
  return Math.max(first_s, Math.min(due_s ?? end_s - aim_ms / 1000, end_s - EDGE_S));
}

/** Where to go on from the end of a span: nothing will fill the gap after it. null to stay, for now; what is beyond the gap is
    shown when it is due, and not before. */
export function beyond(spans, at_s, due_s) {
  const next = spans.find(([, end_s]) => end_s > at_s + STUCK_S);
  if (!next || next[0] <= at_s) return null;
  const early_s = next[0] - (due_s ?? Infinity);
  return early_s < EARLY_S || early_s > MOST_EARLY_S ? next[0] + 0.001 : null;
}

/** Where to go on when the playhead stands though there is media: a decoder holds frames back until it gets more, which never
    comes before a gap. null to stay. */
export function thaw(spans, at_s, due_s) {
  const end_s = spans.at(-1)[1];
  const wanted_s = Math.min(due_s ?? end_s - EDGE_S, end_s - EDGE_S);
  const later = spans.find(([start_s]) => start_s > at_s);
  if (later) return Math.max(wanted_s, later[0] + 0.001);
  return wanted_s - at_s > FROZEN_S ? wanted_s : null;
}

const spansOf = (buffered) => Array.from({ length: buffered.length }, (_, i) => [buffered.start(i), buffered.end(i)]);

export class Playhead {
  #video;
  #due;
  #aim;
  #stood_s = null;
  #frozen = 0;
  placed = false;

  constructor(video, due, aim) {
    this.#video = video;
    this.#due = due;
    this.#aim = aim;
  }

  /** Something was appended. */
  fed() {
    if (this.placed) this.#unstick();
    else if (this.#video.buffered.length && this.#video.readyState > 0) {
      this.placed = true;
      this.#go(start(spansOf(this.#video.buffered), this.#due(), this.#aim()));
    }
  }

  /** Called a few times a second. */
  look() {
    this.fed();
    const { paused, seeking, playbackRate, currentTime, buffered } = this.#video;
    const stands = this.placed && !paused && !seeking && playbackRate > 0 && currentTime === this.#stood_s;
    this.#stood_s = currentTime;
    this.#frozen = stands ? this.#frozen + 1 : 0;
    if (this.#frozen < FROZEN_LOOKS || !buffered.length) return;
    const to_s = thaw(spansOf(buffered), currentTime, this.#due());
    if (to_s !== null) this.#frozen = 0;
    this.#go(to_s);
  }

  #unstick() {
    const { buffered, currentTime, paused, seeking, readyState } = this.#video;
    if (!paused && !seeking && readyState < 3) this.#go(beyond(spansOf(buffered), currentTime, this.#due()));
  }

  #go(to_s) {
    if (to_s !== null) this.#video.currentTime = to_s;
  }
}

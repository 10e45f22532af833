/* Where on the bar a moment lies, and back. Pure; a range is {start, live, over} in media seconds. */

const NEAR_LIVE_S = 1.5;

const clamp = (number) => Math.min(1, Math.max(0, number));

/** Media seconds → 0 (the oldest moment kept) to 1 (live). */
export function fractionOf(media_s, { start, live }) {
  return live > start ? clamp((media_s - start) / (live - start)) : 1;
}

/** 0 to 1 → media seconds. */
export function momentAt(fraction, { start, live }) {
  return start + clamp(fraction) * (live - start);
}

/** A wish for a moment → where to go: inside the range, and to live itself when close to it. */
export function landing(media_s, range) {
  const inside = Math.min(range.live, Math.max(range.start + 0.1, media_s));
  const live = !range.over && range.live - inside < NEAR_LIVE_S;
  return { media_s: live ? range.live : inside, live };
}

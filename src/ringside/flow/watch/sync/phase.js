/* Which refresh of the screen a picture falls on. Pure.

   A screen shows pictures at its refreshes, so what is seen is late by one of a ladder of values, a refresh apart; where
   the camera's rate fits the screen's, the ladder stands still, and all players in front of one screen share it. Two of them
   whose playheads agree to the millisecond may yet stand on neighbouring rungs for as long as anybody looks: a renderer that
   keeps its cadence shows pictures up to half a picture early or late before it mends that. So all aim at the rung
   nearest to the target, and who stands on another leans towards it until the renderer lets go. */

const LOOKS = 8; // alike, before the ladder is believed
const ALIKE_MS = 2;
const LEAN = 0.4; // of how far off the rung is: beyond what a renderer bears, together with it

/** Latencies of the pictures shown, newest last, with one more. */
export const noted = (shown, latency_ms) => [...shown.slice(1 - LOOKS), latency_ms];

/** A screen's refresh, as it is composed now, ms, from the times of successive frames; null of too few. */
export function refreshOf(times) {
  const gaps = times.slice(1).map((time, i) => time - times[i]).sort((a, b) => a - b);
  return gaps.length < LOOKS ? null : gaps[Math.floor(gaps.length / 2)];
}

/** The latency to steer the playhead to, so that pictures stand on the rung nearest to `target_ms`; the target itself while no
    ladder is to be seen. */
export function rungOf(shown, refresh_ms, target_ms) {
  if (!(refresh_ms > 0) || shown.length < LOOKS || Math.max(...shown) - Math.min(...shown) > ALIKE_MS) return target_ms;
  const now_ms = [...shown].sort((a, b) => a - b)[LOOKS >> 1];
  const rung_ms = now_ms + Math.round((target_ms - now_ms) / refresh_ms) * refresh_ms;
  const off_ms = Math.min(refresh_ms * 2, Math.max(-refresh_ms * 2, now_ms - rung_ms));
  return rung_ms - LEAN * off_ms;
}

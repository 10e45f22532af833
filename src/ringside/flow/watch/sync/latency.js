/* Latency as the viewer sees it: from the picture itself where it carries a strip, else from the capture time that the
   path knows (prft, program date-time); and whether a clock can be right at all. */

const PICTURE_FRESH_MS = 3000;
const OLDEST_MS = 60_000; // of the newest there is of a live event
const FUTURE_MS = 1000;
const ASSUMED_AGE_MS = 150;

/** The readings so far → `{latency_ms, latency_source}`; both null before any. Pure. */
export function latencyOf({ picture, date_time_ms }, now_ms) {
  if (picture && now_ms - picture.read_ms <= PICTURE_FRESH_MS) {
    return { latency_ms: picture.latency_ms, latency_source: 'picture' };
  }
  if (Number.isFinite(date_time_ms)) return { latency_ms: now_ms - date_time_ms, latency_source: 'date-time' };
  return { latency_ms: null, latency_source: null };
}

/** How long to wait before looking for a strip again: often where there is one, seldom where there is none. */
export function nextLook_ms(misses) {
  return misses < 8 ? 250 : 5000;
}

/** Whether the newest there is can be `age_ms` old: no live picture is of the future, nor a minute old. */
export function isPlausible(age_ms) {
  return age_ms > -FUTURE_MS && age_ms < OLDEST_MS;
}

/** What to add to a clock that cannot be right: then the newest picture is about as old as it would be. */
export function shiftFor(age_ms) {
  return ASSUMED_AGE_MS - age_ms;
}

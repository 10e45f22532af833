/* Latency as the viewer sees it: from the picture itself where it carries a strip, else from program date-time. */

const PICTURE_FRESH_MS = 3000;

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

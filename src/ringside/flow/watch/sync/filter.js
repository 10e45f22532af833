/* What several answers of a clock say together. Pure: samples in, an offset with its error and drift out.

   An exchange proves an interval: whatever its two ways took, the true offset (server minus local) is within half a
   round trip of the middle. So honest answers all overlap in the truth, however lopsided their delays; what was cached
   or is wrong stands apart. The offset is sought where most intervals overlap (Marzullo 1984), and there as near as may
   be to the middle of the exchange that took least. Intervals widen with age, because quartz wanders. */

export const KEEP = 16;
const WANDER = 20e-6; // of its rate, what a quartz may stray from the line its samples lay on
const GRAIN_MS = 0.1; // a browser's clock ticks no finer
const DRIFT_SPAN_MS = 180_000;
const MOST_DRIFT = 300e-6;
const TURNED = 3; // so many of the newest that agree with each other are believed against all before

/** One exchange → what it says: `{offset_ms, trip_ms, at_ms, server_ms}`; offset is server minus local. */
export function sampleOf(sent_ms, received_ms, server_ms) {
  const at_ms = (sent_ms + received_ms) / 2;
  return { offset_ms: server_ms - at_ms, trip_ms: received_ms - sent_ms, at_ms, server_ms };
}

/** The sample that took least; null of none. */
export function best(samples) {
  return samples.reduce((least, sample) => (least === null || sample.trip_ms < least.trip_ms ? sample : least), null);
}

const middle = (sorted) => sorted[Math.floor(sorted.length / 2)];

/** Milliseconds that the offset grows per millisecond: the median slope of the quick samples (Theil and Sen); 0 unless long known. */
export function driftOf(samples) {
  const quick = 2 * (best(samples)?.trip_ms ?? 0) + 2;
  const good = samples.filter(({ trip_ms }) => trip_ms <= quick);
  if (good.length < 4 || good.at(-1).at_ms - good[0].at_ms < DRIFT_SPAN_MS) return 0;
  const slopes = good.flatMap((one, i) => good.slice(i + 1)
    .filter(({ at_ms }) => at_ms - one.at_ms > DRIFT_SPAN_MS / 3)
    .map((other) => (other.offset_ms - one.offset_ms) / (other.at_ms - one.at_ms)));
  const slope = slopes.length ? middle(slopes.sort((a, b) => a - b)) : 0;
  return Math.abs(slope) <= MOST_DRIFT ? slope : 0;
}

/* Where most intervals overlap; of two such places the higher, since an answer kept in a cache reads too low. */
function overlap(intervals) {
  const edges = intervals.flatMap(({ low, high }) => [[low, 1], [high, -1]]).sort((a, b) => a[0] - b[0] || b[1] - a[1]);
  let [depth, found] = [0, { depth: 0, low: 0, high: 0 }];
  edges.forEach(([at, step], i) => {
    depth += step;
    if (step > 0 && depth >= found.depth) found = { depth, low: at, high: edges[i + 1][0] };
  });
  return found;
}

/** Samples, oldest first → `{offset_ms, error_ms, drift, agreeing}` as of `now_ms`; null of none. */
export function estimate(samples, now_ms) {
  if (!samples.length) return null;
  const drift = driftOf(samples);
  const intervals = samples.map((sample) => {
    const age_ms = Math.max(0, now_ms - sample.at_ms);
    const centre = sample.offset_ms + drift * age_ms;
    const half = sample.trip_ms / 2 + GRAIN_MS + WANDER * age_ms;
    return { centre, trip_ms: sample.trip_ms, low: centre - half, high: centre + half };
  });
  const { depth, low, high } = overlap(intervals);
  const { centre } = best(intervals.filter((one) => one.low <= low && one.high >= high));
  const offset_ms = Math.min(high, Math.max(low, centre));
  return { offset_ms, error_ms: Math.max(high - offset_ms, offset_ms - low), drift, agreeing: depth };
}

/** Whether a sample can be true where `known` (an estimate) is. */
export function agrees(sample, known) {
  return Math.abs(sample.offset_ms - known.offset_ms) <= sample.trip_ms / 2 + known.error_ms + 2;
}

/** Whether an answer is an old one again, to the microsecond: something between kept it. */
export function isStale(samples, { server_ms }) {
  return samples.some((one) => one.server_ms === server_ms);
}

/** The samples with a new one; those before it are dropped once the newest few contradict them with one voice. */
export function admit(samples, sample) {
  const all = [...samples, sample].slice(-KEEP);
  const [before, newest] = [all.slice(0, -TURNED), all.slice(-TURNED)];
  const [then, now] = [estimate(before, sample.at_ms), estimate(newest, sample.at_ms)];
  const turned = then !== null && now.agreeing === TURNED && !newest.some((one) => agrees(one, then));
  return turned ? newest : all;
}

const SLEW = 0.02; // of passing time: what steering at 3 % follows with ease
const STEP_MS = 1000; // beyond it, players jump anyway

/** What is shown moves towards what is wanted, over `passed_ms`. */
export function slewed(shown_ms, wanted_ms, passed_ms) {
  const way_ms = wanted_ms - shown_ms;
  if (Math.abs(way_ms) > STEP_MS) return wanted_ms;
  const most_ms = SLEW * Math.max(0, passed_ms);
  return shown_ms + Math.min(most_ms, Math.max(-most_ms, way_ms));
}

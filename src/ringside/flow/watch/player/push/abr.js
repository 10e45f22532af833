/* Which rung to push. Pure: what arrives and how late goes in, now and then an order comes out.

   A push comes no faster than the event goes on, so its speed says nothing of the line until the line is too narrow:
   then what arrives is ever older, and its speed is the line's. So down when arrivals have grown late and are not
   getting better, to what the line then carries; up only on trial: an ordinary part of the rung above is fetched, seldom,
   and more seldom after each climb that did not last. */

const WINDOW_MS = 20_000; // the least delay of so long is what the path needs anyway
const LATE_MS = 250; // beyond that, and beyond a chunk's own length
const LOOKS = 3; // in a row
const AFTER_MS = 5000; // a switch must show its effect
const FITS = 0.75; // of what the line carries, for a rung
const ROOM = 1.6; // of a rung's peak, to climb to it
const CALM_MS = 80;
const PATIENCE_MS = 6000;
const LEAST_PATIENCE_MS = 10_000; // after the first trial
const MOST_PATIENCE_MS = 120_000;
const RELAPSE_MS = 30_000;

/** Where it starts: on rung `at` of `rungs` (best last), which are `{name, bps}`. */
export function begin(now_ms) {
  return {
    delays: [], late: 0, excess_ms: 0, calm_since_ms: null, switched_ms: now_ms, patience_ms: PATIENCE_MS, climbed_ms: -Infinity,
    probing: false, probe_bps: null,
  };
}

function measured(state, delay_ms, now_ms) {
  const delays = [...state.delays.filter(({ at_ms }) => now_ms - at_ms < WINDOW_MS), { at_ms: now_ms, delay_ms }].slice(-100);
  const least_ms = Math.min(...delays.map((one) => one.delay_ms));
  return { ...state, delays, excess_ms: delay_ms - least_ms };
}

/** One look at `{delay_ms, chunk_ms, received_bps, at, rungs}`: how late the newest chunk is (any constant may be in it), a
    chunk's length, what came per second, the index of our rung in `rungs` → `{state, order}`, null or `{type: switch|probe, to}`. */
export function look(before, { delay_ms, chunk_ms, received_bps, at, rungs }, now_ms) {
  const was_ms = before.excess_ms;
  let state = measured(before, delay_ms, now_ms);
  const late = state.excess_ms > LATE_MS + chunk_ms && state.excess_ms > 0.8 * was_ms;
  const calm = state.excess_ms < CALM_MS + chunk_ms;
  state = { ...state, late: late ? state.late + 1 : 0, calm_since_ms: calm ? (state.calm_since_ms ?? now_ms) : null };
  if (state.late >= LOOKS && at > 0 && now_ms - state.switched_ms > AFTER_MS / 2) return fall(state, { received_bps, at, rungs }, now_ms);
  return rise(state, { at, rungs }, now_ms);
}

function fall(state, { received_bps, at, rungs }, now_ms) {
  const fit = rungs.slice(0, at).findLastIndex(({ bps }) => bps <= received_bps * FITS);
  const relapsed = now_ms - state.climbed_ms < RELAPSE_MS;
  const patience_ms = relapsed ? Math.min(MOST_PATIENCE_MS, 2 * state.patience_ms) : Math.max(LEAST_PATIENCE_MS, state.patience_ms);
  const next = { ...state, late: 0, delays: [], switched_ms: now_ms, calm_since_ms: null, patience_ms };
  return { state: next, order: { type: 'switch', to: rungs[Math.max(0, fit)].name } };
}

function rise(state, { at, rungs }, now_ms) {
  const waited_ms = state.calm_since_ms === null ? 0 : now_ms - Math.max(state.calm_since_ms, state.switched_ms);
  if (state.probing || at >= rungs.length - 1 || waited_ms < state.patience_ms) return { state, order: null };
  return { state: { ...state, probing: true }, order: { type: 'probe', to: rungs[at + 1].name } };
}

/** A trial's outcome: what the line carried beside what it carries already, bit/s; 0 for a trial that failed. */
export function probed(state, { probe_bps, at, rungs }, now_ms) {
  const next = { ...state, probing: false, probe_bps, switched_ms: now_ms };
  const fit = rungs.findLastIndex(({ bps }, i) => i > at && bps * ROOM <= probe_bps);
  const longer_ms = Math.min(MOST_PATIENCE_MS, 2 * Math.max(LEAST_PATIENCE_MS / 2, state.patience_ms));
  if (fit < 0) return { state: { ...next, patience_ms: longer_ms }, order: null };
  return { state: { ...next, climbed_ms: now_ms, delays: [] }, order: { type: 'switch', to: rungs[fit].name } };
}

/* Which way the picture comes: the first of several paths that works, and back to a better one when it can be had.
   Pure: `(state, input, now, dice)` in, the next state and what to do out.

   Inputs   manifest  failed{kind,status,offered: false where the event is there but this path to it is not}  unsupported
            restart (the session starts over)
            tick{moving,waiting,stalled,online}: waiting is a picture wanted and not yet there; stalled, one that stands
            probed{name}: the best path above that answers now, or null
            past{by}: the viewer goes back further than this path reaches, to what `by` (dvr or hls) plays;  present:
            and returns
   Out      go: the path to open, or null to stay;  probe: the paths to ask after, best first, or null
            kept: whether the session need not hear of a failure, because another path is being tried */

const STRIKES_FORGOTTEN_MS = 60_000;
const JOIN_PATIENCE_MS = 6000;
const STALL_PATIENCE_MS = 4000;
const RETRY_PATIENCE_MS = 8000;
const STRIKES = 2;
const TRIES = 4;
const PROBE_MS = 30_000;
const LONGEST_PROBE_MS = 600_000;
const PROVEN_MS = 120_000;
const PRESENT_ONLY = new Set(['push', 'moq']);
const DVR = 'dvr'; // one of the paths only while somebody is back there: nobody falls to it, or climbs from it
const PASSING = new Set([404, 429, 503]); // no event yet, or a full house: by another path it is the same

/** Where a viewer starts: on the first of `paths` (names, best first, at least one). */
export function begin(paths, now_ms) {
  return { paths, probes: 0, probe_at_ms: null, lost: false, parked: null, ...entered(0, now_ms) };
}

/** The name of the path taken now. */
export const pathOf = ({ paths, at }) => paths[at];

/** Whether the past, which is had `by` dvr or hls, is had by another path than this one. */
export function isPresentOnly({ paths, at }, by) {
  if (by === DVR) return paths[at] !== DVR && paths.some((path) => path !== 'native');
  return PRESENT_ONLY.has(paths[at]) && paths.includes('hls');
}

/** Milliseconds until a better path is asked after: half a minute, doubling to ten, jittered by a fifth. */
export function probeIn_ms(probes, dice) {
  return Math.min(LONGEST_PROBE_MS, PROBE_MS * 2 ** probes) * (0.8 + dice * 0.4);
}

const entered = (at, now_ms) => ({
  at, since_ms: now_ms, opened: false, moved: false, played: false, strikes: 0, struck_ms: -Infinity, tries: 0, still_ms: null,
});
const stay = (state, kept = false) => ({ state, go: null, probe: null, kept });

/* native is for browsers without Media Source and media that hls.js cannot play, not for a network that fails */
const hasNext = ({ paths, at }, kind) => at + 1 < paths.length && (paths[at + 1] !== 'native' || kind === 'media');

function enter(state, at, now_ms) {
  const go = state.paths[at];
  const paths = go === DVR ? state.paths : state.paths.filter((path) => path !== DVR);
  const next = { ...state, ...entered(paths.indexOf(go), now_ms), paths, probe_at_ms: null, parked: null };
  return { state: next, go, probe: null, kept: true };
}

function fall(state, kind, now_ms, dice) {
  if (!hasNext(state, kind)) return stay({ ...state, lost: state.at > 0 && !state.opened });
  const fallen = enter(state, state.at + 1, now_ms);
  fallen.state = { ...fallen.state, probe_at_ms: now_ms + probeIn_ms(state.probes, dice), probes: state.probes + 1 };
  return fallen;
}

function strike(state, kind, now_ms, dice) {
  const strikes = now_ms - state.struck_ms < STRIKES_FORGOTTEN_MS ? state.strikes + 1 : 1;
  const next = { ...state, moved: false, tries: 0, strikes, struck_ms: now_ms };
  return strikes >= STRIKES ? fall(next, kind, now_ms, dice) : stay(next);
}

function failed(state, { kind, status, offered = true }, now_ms, dice) {
  if (!offered) return fall(state, kind, now_ms, dice);
  if (state.moved) return strike(state, kind, now_ms, dice);
  const tries = state.tries + 1;
  const patient = state.played || PASSING.has(status); // a cut line passes as well; a closed door does not
  return tries >= (patient ? TRIES : 1) ? fall({ ...state, tries }, kind, now_ms, dice) : stay({ ...state, tries });
}

function unsupported(state, _, now_ms) {
  const paths = state.paths.filter((_path, at) => at !== state.at);
  if (state.at >= paths.length) return stay(state);
  return enter({ ...state, paths }, state.at, now_ms);
}

function tick(state, input, now_ms, dice) {
  if (input.moving) return moving(state, now_ms);
  const still_ms = input.waiting || input.stalled ? (state.still_ms ?? now_ms) : null;
  const next = { ...state, still_ms };
  if (still_ms === null || !input.online || !hasNext(state)) return stay(next);
  const stood_ms = now_ms - still_ms;
  if (input.waiting && !state.played && stood_ms >= JOIN_PATIENCE_MS) return fall(next, 'network', now_ms, dice);
  if (state.moved && stood_ms >= STALL_PATIENCE_MS) return strike(next, 'network', now_ms, dice);
  const tired = state.played && !state.moved && stood_ms >= STALL_PATIENCE_MS + RETRY_PATIENCE_MS;
  return tired ? fall(next, 'network', now_ms, dice) : stay(next);
}

function moving(state, now_ms) {
  const proven = state.at === 0 && now_ms - state.since_ms > PROVEN_MS;
  const well = { moved: true, played: true, opened: true, lost: false, tries: 0, still_ms: null };
  const next = { ...state, ...well, probes: proven ? 0 : state.probes };
  if (state.at === 0 || state.probe_at_ms === null || now_ms < state.probe_at_ms) return stay(next);
  return { state: { ...next, probe_at_ms: null }, go: null, probe: state.paths.slice(0, state.at), kept: false };
}

function probed(state, { name }, now_ms, dice) {
  const at = name === null ? -1 : state.paths.indexOf(name);
  if (at >= 0 && at < state.at) return enter(state, at, now_ms);
  if (state.at === 0) return stay(state);
  return stay({ ...state, probe_at_ms: now_ms + probeIn_ms(state.probes, dice), probes: state.probes + 1 });
}

function past(state, { by }, now_ms) {
  if (!isPresentOnly(state, by)) return stay(state);
  const paths = by === DVR ? [...state.paths, DVR] : state.paths;
  const back = enter({ ...state, paths }, paths.indexOf(by), now_ms);
  return { ...back, state: { ...back.state, parked: state.parked ?? state.paths[state.at] } };
}

function present(state, _, now_ms) {
  const at = state.paths.indexOf(state.parked);
  return at < 0 ? stay({ ...state, parked: null }) : enter(state, at, now_ms);
}

const RULES = {
  tick, failed, unsupported, probed, past, present,
  manifest: (state) => stay({ ...state, opened: true, lost: false }),
  /* nothing could be had by any path: it was the event or the network, so the next try begins with the best */
  restart: (state, _, now_ms) => (state.lost ? enter({ ...state, lost: false, probes: 0 }, 0, now_ms) : stay(state)),
};

/** One input → `{state, go, probe, kept}`; inputs that it does not know change nothing. */
export function step(state, input, now_ms, dice) {
  return RULES[input.type]?.(state, input, now_ms, dice) ?? stay(state);
}

/* What a viewer's session is doing, and what it does about trouble. Pure: `(state, input, now, dice)` in, the next
   state and a list of actions out; it reads no clock, no player and no element.

   Inputs   manifest{over} tick{moving,paused,behind_s,online,hidden} failed{kind,status} over played_out
            user{verb: play|pause|seek|live, live} woke blocked unsupported moved (another path is being opened)
   Actions  load (a fresh player), retry (the same player asks again), recover (media pipeline), seek_live, rewind (to
            the beginning of what has ended), play, pause, probe (has an ended event begun again?)
   Phases   joining playing stalled paused waiting busy closed unreachable ended unsupported */

const STALL_AFTER_MS = 400;
const NUDGE_AFTER_MS = 3000;
const RELOAD_AFTER_MS = 8000;
const JOIN_PATIENCE_MS = 10_000;
const TOO_FAR_BEHIND_S = 3.5;
const TOO_FAR_FOR_MS = 1500;
const THE_END_S = 1; // hls.js never asks for a last part of the sound that is listed together with the end
const LONGEST_RETRY_MS = 5000;
const PROBE_MS = 10_000;
const RETRIES_BEFORE_LOAD = 3;

const REFUSALS = { 401: 'closed', 403: 'closed', 404: 'waiting', 410: 'waiting', 425: 'waiting', 429: 'busy', 503: 'busy' };
const MOVES = new Set(['joining', 'playing', 'stalled']);
const HELD = new Set(['waiting', 'busy', 'closed', 'unreachable']);

/** Where every session starts: wanting the live moment, or a recording from its beginning. */
export function begin(now_ms, replay = false) {
  return {
    phase: 'joining', since_ms: now_ms, intent: replay ? 'past' : 'live', replay, over: false, online: true, blocked: false, stalls: 0,
    attempt: 0, retry_at_ms: null, still_since_ms: null, far_since_ms: null, media_failed_ms: -Infinity,
    nudged_ms: -Infinity, probe_at_ms: null, opened: false, broken: null,
  };
}

/** Milliseconds until the next try: doubling from half a second to five seconds, jittered by half. */
export function backoff_ms(attempt, dice) {
  return Math.min(LONGEST_RETRY_MS, 500 * 2 ** attempt) * (0.5 + dice / 2);
}

const enter = (state, phase, now_ms) => (state.phase === phase ? state : { ...state, phase, since_ms: now_ms });
const settle = (state) => ({ ...state, attempt: 0, retry_at_ms: null, still_since_ms: null, broken: null });

function failed(state, { kind, status }, now_ms, dice) {
  if (kind === 'media') return mediaFailed(state, now_ms);
  const phase = state.opened && state.phase !== 'joining' ? 'unreachable' : (REFUSALS[status] ?? 'unreachable');
  const retry_at_ms = now_ms + Math.max(backoff_ms(state.attempt, dice), phase === 'waiting' ? 2000 * (0.5 + dice) : 0);
  return [{ ...enter(state, phase, now_ms), attempt: state.attempt + 1, retry_at_ms, broken: kind }, []];
}

function mediaFailed(state, now_ms) {
  const again = now_ms - state.media_failed_ms < 10_000;
  const next = { ...enter(state, 'stalled', now_ms), media_failed_ms: now_ms, broken: 'media', nudged_ms: now_ms };
  return [next, [again ? 'load' : 'recover']];
}

/* an event that has ended may begin again; a recording does not */
const probeAfter = ({ replay }, now_ms) => (replay ? null : now_ms + PROBE_MS);

function manifest(state, { over }, now_ms) {
  const next = { ...settle(state), opened: true, over, probe_at_ms: over ? probeAfter(state, now_ms) : null };
  if (over && state.intent === 'live') return [enter(next, 'ended', now_ms), ['pause']];
  return [HELD.has(state.phase) || state.phase === 'ended' ? enter(next, 'joining', now_ms) : next, ['play']];
}

function tick(state, input, now_ms, dice) {
  const next = { ...state, online: input.online };
  if (next.probe_at_ms !== null && now_ms >= next.probe_at_ms) {
    return [{ ...next, probe_at_ms: now_ms + PROBE_MS * (0.8 + dice * 0.4) }, ['probe']];
  }
  const rule = TICKS[state.phase];
  return rule ? rule(next, input, now_ms, dice) : [next, []];
}

function heldTick(state, input, now_ms) {
  if (input.moving) return [enter(settle(state), 'playing', now_ms), []];
  if (state.retry_at_ms === null || now_ms < state.retry_at_ms) return [state, []];
  const gentle = state.opened && state.attempt <= RETRIES_BEFORE_LOAD;
  // without an answer to this try, the next one starts over
  const next = { ...state, retry_at_ms: now_ms + RELOAD_AFTER_MS, attempt: state.attempt + 1 };
  return [next, [gentle ? 'retry' : 'load']];
}

function joiningTick(state, input, now_ms, dice) {
  if (input.moving) return [enter(settle(state), 'playing', now_ms), []];
  if (state.blocked || input.hidden || now_ms - state.since_ms < JOIN_PATIENCE_MS) return [state, []];
  return failed({ ...state, opened: false }, { kind: 'network', status: 0 }, now_ms, dice);
}

function playingTick(state, input, now_ms) {
  if (input.paused) return [enter({ ...state, intent: 'past', still_since_ms: null }, 'paused', now_ms), []];
  if (!input.moving) return standing(state, input, now_ms);
  const far = state.intent === 'live' && !state.over && input.behind_s > TOO_FAR_BEHIND_S;
  const next = { ...settle(state), far_since_ms: far ? (state.far_since_ms ?? now_ms) : null };
  if (!far || now_ms - next.far_since_ms < TOO_FAR_FOR_MS) return [next, []];
  return [{ ...next, far_since_ms: null }, ['seek_live']];
}

function standing(state, input, now_ms) {
  const still_since_ms = state.still_since_ms ?? now_ms;
  if (input.hidden || now_ms - still_since_ms < STALL_AFTER_MS) return [{ ...state, still_since_ms }, []];
  if (atTheEnd(state, input)) return [playedOut(state, now_ms), ['pause']];
  const stalled = { ...state, phase: 'stalled', since_ms: still_since_ms, nudged_ms: now_ms, still_since_ms };
  return [{ ...stalled, stalls: state.stalls + 1 }, []];
}

/* The event is over and the picture stands within a moment of its end: more will not come. */
const atTheEnd = (state, input) => state.over && input.behind_s < THE_END_S;

const playedOut = (state, now_ms) => enter(
  { ...settle(state), over: true, probe_at_ms: state.probe_at_ms ?? probeAfter(state, now_ms) }, 'ended', now_ms,
);

function stalledTick(state, input, now_ms, dice) {
  if (input.moving) return [enter(settle(state), 'playing', now_ms), []];
  if (atTheEnd(state, input)) return [playedOut(state, now_ms), ['pause']];
  if (input.paused && !state.broken) return [enter({ ...state, intent: 'past' }, 'paused', now_ms), []];
  if (now_ms - state.since_ms >= RELOAD_AFTER_MS) return failed(state, { kind: 'network', status: 0 }, now_ms, dice);
  if (now_ms - state.nudged_ms < NUDGE_AFTER_MS) return [state, []];
  const actions = state.intent === 'live' && !state.over ? ['seek_live', 'play'] : ['play'];
  return [{ ...state, nudged_ms: now_ms }, actions];
}

function pausedTick(state, input, now_ms) {
  return input.moving ? [enter(settle(state), 'playing', now_ms), []] : [state, []];
}

const TICKS = {
  joining: joiningTick, playing: playingTick, stalled: stalledTick, paused: pausedTick, ended: pausedTick,
  waiting: heldTick, busy: heldTick, closed: heldTick, unreachable: heldTick,
};

const VERBS = {
  play: (state, _, now_ms) => {
    const next = { ...state, blocked: false, intent: state.over ? 'past' : state.intent };
    return [enter(next, 'joining', now_ms), state.phase === 'ended' ? ['rewind', 'play'] : ['play']];
  },
  pause: (state, _, now_ms) => [enter({ ...state, intent: 'past', still_since_ms: null }, 'paused', now_ms), ['pause']],
  seek: (state, { live }, now_ms) => {
    const next = { ...state, intent: live ? 'live' : 'past', far_since_ms: null };
    const phase = { ended: 'paused', playing: 'joining', stalled: 'joining' }[next.phase]; // a wanted wait is no stall
    return [phase ? enter(next, phase, now_ms) : next, []];
  },
  live: (state, _, now_ms) => [enter({ ...state, intent: 'live', far_since_ms: null }, 'joining', now_ms), ['seek_live', 'play']],
};

const RULES = {
  tick,
  failed,
  manifest,
  over: (state, _, now_ms) => [{ ...state, over: true, probe_at_ms: probeAfter(state, now_ms) }, []],
  played_out: (state, _, now_ms) => [playedOut(state, now_ms), []],
  alive: (state, _, now_ms) => [enter({ ...settle(state), over: false, intent: 'live', probe_at_ms: null }, 'joining', now_ms), ['load']],
  blocked: (state) => [{ ...state, blocked: true }, []],
  moved: (state, _, now_ms) => [MOVES.has(state.phase) ? enter({ ...settle(state), far_since_ms: null }, 'joining', now_ms) : state, []],
  unsupported: (state, _, now_ms) => [enter(state, 'unsupported', now_ms), []],
  woke: (state) => {
    if (HELD.has(state.phase)) return [{ ...state, retry_at_ms: 0, attempt: 0 }, []];
    return [{ ...state, far_since_ms: -Infinity, still_since_ms: null }, []];
  },
  user: (state, input, now_ms) => (HELD.has(state.phase) || state.phase === 'unsupported' ? [state, []] : VERBS[input.verb](state, input, now_ms)),
};

/** One input → `{state, actions}`. `dice` is a number in [0, 1). */
export function step(state, input, now_ms, dice) {
  const [next, actions] = RULES[input.type](state, input, now_ms, dice);
  return { state: next, actions };
}

const SAY = {
  joining: (state, waited_ms) => (state.blocked || waited_ms < 500 ? null : waited_ms < 6000 ? 'joining' : 'slow_joining'),
  stalled: (state, waited_ms) => {
    if (waited_ms < 700) return null;
    return state.broken === 'media' ? 'restarting' : waited_ms < 4000 ? 'buffering' : 'returning';
  },
  waiting: () => 'waiting',
  busy: () => 'busy',
  closed: () => 'closed',
  unreachable: () => 'unreachable',
  ended: ({ replay }, _, window_s) => (replay ? 'replay_over' : window_s > 1 ? 'ended_replay' : 'ended'),
  unsupported: () => 'unsupported',
};

/** The key of the sentence to show now, or null while the picture speaks for itself. */
export function sentenceOf(state, now_ms, window_s) {
  const key = SAY[state.phase]?.(state, now_ms - state.since_ms, window_s) ?? null;
  const troubled = key && !['ended', 'ended_replay', 'replay_over', 'unsupported', 'closed'].includes(key);
  return troubled && !state.online ? 'offline' : key;
}

/* How fast to play so that everybody shows the same instant. Pure: how late we are goes in, a playback rate comes out, and
   now and then a jump.

   What is seen of lateness is noisy, what is done about it is known: lateness changes by 1 - rate - slope. So each look is
   weighed against what was to be expected, and a single one far off is not believed. The rate is in proportion to the
   lateness, in small steps not too soon after one another, and 1 inside a dead band: nobody hears it. Only beyond a second
   the playhead is moved, once, and never beyond what is there; who is early and has nothing behind waits (rate 0).
   At the very start, before anybody has seen anything move, either is free. */

const GAIN = { clear: 0.3, rough: 0.1 }; // of a look's surprise
const ROUGH_MS = 1.5; // surprise on average: a playhead that sound drives goes in steps while the sound is stretched
const ODD_MS = 25; // a surprise this big is not believed at once
const ODD_TIMES = 3;
const LONG_MS = 1500; // between looks: what was expected then says nothing

const DEAD = { clear: { enter_ms: 2, leave_ms: 4 }, rough: { enter_ms: 2, leave_ms: 20 } }; // beginning to stretch sound costs 20 ms
const SETTLED = { enter_ms: 40, leave_ms: 150 };
const RUSHED = 0.05;
const CALM = 0.03;
const CLOSE_MS = 1500; // lateness is to be made good in about so long
const GRAIN = 0.0025;
const STEP = { rushed: 0.02, calm: 0.01 };
const BETWEEN_MS = 250;

const FAR_MS = 1000;
const FAR_FOR_MS = 400;
const KEEP_MS = 60; // of what is buffered, never jumped over
const WORTH_MS = 250; // a jump that wins less is none
const REST_MS = 3000; // after a jump
const THIN_MS = 30; // with so little ahead nobody hurries
const START_MS = 40; // at the start, further off than this is put right at once
const START_FOR_MS = 4000;

/** Where steering starts. */
export function begin() {
  return {
    rate: 1, est_ms: null, last_ms: null, gap_ms: 100, odd: 0, noise_ms: 0, holding: true, settled: false, waiting: false,
    far_since_ms: null, changed_ms: -Infinity, jumped_ms: -Infinity, began_ms: null, starting: true,
  };
}

/* What is believed of lateness after one more look. */
function look(state, late_ms, slope, now_ms) {
  const passed_ms = now_ms - (state.last_ms ?? now_ms);
  const gap_ms = state.last_ms === null ? state.gap_ms : state.gap_ms + 0.2 * (Math.min(passed_ms, 60_000) - state.gap_ms);
  const next = { ...state, last_ms: now_ms, gap_ms };
  if (state.est_ms === null || passed_ms > LONG_MS) return { ...next, est_ms: late_ms, odd: 0 };
  const expected_ms = state.est_ms + (1 - state.rate - slope) * passed_ms;
  const surprise_ms = late_ms - expected_ms;
  if (Math.abs(surprise_ms) < ODD_MS) {
    const noise_ms = state.rate === 1 ? state.noise_ms : state.noise_ms + 0.05 * (Math.abs(surprise_ms) - state.noise_ms);
    const gain = noise_ms < ROUGH_MS ? GAIN.clear : GAIN.rough;
    return { ...next, est_ms: expected_ms + gain * surprise_ms, noise_ms, odd: 0 };
  }
  const odd = state.odd + 1;
  return odd < ODD_TIMES ? { ...next, est_ms: expected_ms, odd } : { ...next, est_ms: late_ms, odd: 0 };
}

/* Forward as far as there is something to play, back if that is still there; 0 where a jump wins nothing. */
function jumpOf(est_ms, ahead_ms, behind_ms) {
  const jump_ms = est_ms > 0 ? Math.min(est_ms, ahead_ms - KEEP_MS) : Math.max(est_ms, -behind_ms);
  return Math.abs(jump_ms) >= Math.min(WORTH_MS, Math.abs(est_ms) / 2) && jump_ms * est_ms > 0 ? jump_ms : 0;
}

function leap(state, { ahead_ms, behind_ms = 0 }, now_ms) {
  const { est_ms } = state;
  const jump_ms = est_ms < 0 && behind_ms < -est_ms ? 0 : jumpOf(est_ms, ahead_ms, behind_ms);
  if (jump_ms !== 0) {
    const after = { ...state, rate: 1, est_ms: null, far_since_ms: null, jumped_ms: now_ms, starting: false, waiting: false, holding: true };
    return { state: after, rate: 1, jump_ms };
  }
  if (est_ms > 0) return null; // late, and nothing to jump into yet
  return { state: { ...state, rate: 0, waiting: true, starting: false, far_since_ms: null }, rate: 0, jump_ms: null };
}

/* Far enough off, and for long enough, that no rate will do. */
function far(state, now_ms) {
  if (state.starting) return [Math.abs(state.est_ms) > START_MS, state.far_since_ms];
  const since_ms = Math.abs(state.est_ms) > FAR_MS ? (state.far_since_ms ?? now_ms) : null;
  return [since_ms !== null && now_ms - since_ms >= FAR_FOR_MS && now_ms - state.jumped_ms >= REST_MS, since_ms];
}

/* Who waited plays on when the moment has come. */
function wait(state) {
  if (state.est_ms < -5) return { state, rate: 0, jump_ms: null };
  return { state: { ...state, waiting: false, rate: 1, holding: true }, rate: 1, jump_ms: null };
}

const band = (was, value, { enter_ms, leave_ms }) => (was ? value <= leave_ms : value <= enter_ms);

/* Coarse grains make few changes; finer ones where a rate stands for long, in a background tab. */
function grained(rate, gap_ms) {
  const grain = GRAIN * Math.min(1, 1000 / gap_ms);
  return 1 + Math.round((rate - 1) / grain) * grain;
}

const deadBand = ({ noise_ms }) => (noise_ms < ROUGH_MS ? DEAD.clear : DEAD.rough);

/* The rate that would be right, were rates free. */
function wanted(state, { ahead_ms, slope }) {
  const limit = state.settled && slope === 0 ? CALM : RUSHED;
  const close_ms = Math.max(CLOSE_MS, 2 * state.gap_ms);
  const push = state.holding ? 0 : Math.min(limit, Math.max(-limit, state.est_ms / close_ms));
  const rate = grained(1 + Math.min(RUSHED, Math.max(-RUSHED, push - slope)), state.gap_ms);
  return rate > 1 && ahead_ms < THIN_MS ? 1 : rate;
}

/* One small step towards it, not too soon after the last. */
function stepped(state, rate, slope, now_ms) {
  if (rate === state.rate || now_ms - state.changed_ms < BETWEEN_MS) return state;
  const most = state.settled && slope === 0 ? STEP.calm : STEP.rushed;
  const next = state.rate + Math.min(most, Math.max(-most, rate - state.rate));
  return { ...state, rate: grained(next, state.gap_ms), changed_ms: now_ms };
}

/** One look at `{late_ms, ahead_ms, behind_ms, slope}` (late positive; media there before and behind the playhead; the
    target's own movement, ms per ms) → `{state, rate, jump_ms}`; late_ms null while nothing can be said. */
export function steer(state, input, now_ms) {
  const { late_ms, slope = 0 } = input;
  if (!Number.isFinite(late_ms)) {
    return { state: { ...begin(), starting: state.starting, settled: state.settled, jumped_ms: state.jumped_ms }, rate: 1, jump_ms: null };
  }
  let next = look({ ...state, began_ms: state.began_ms ?? now_ms }, late_ms, slope, now_ms);
  if (next.waiting) return wait(next);
  const [isFar, far_since_ms] = far(next, now_ms);
  next = { ...next, far_since_ms };
  const leapt = isFar ? leap(next, input, now_ms) : null;
  if (leapt) return leapt;
  const off_ms = Math.abs(next.est_ms);
  const starting = next.starting && off_ms > START_MS && now_ms - next.began_ms < START_FOR_MS;
  next = { ...next, starting, holding: band(next.holding, off_ms, deadBand(next)), settled: band(next.settled, off_ms, SETTLED) };
  next = stepped(next, wanted(next, { ...input, slope }), slope, now_ms);
  return { state: next, rate: next.rate, jump_ms: null };
}

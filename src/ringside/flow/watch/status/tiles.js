/* The numbers to see first. Pure: a message in, tiles out: {label, value, note, tone}; tone is good, warn or bad. */
import { list, pick, tracksOf } from './history.js';
import { bits, bytes, cores, count, fixed, lasting, ms, share, size, text } from './text.js';

const ORIGIN_TONES = { live: 'good', silent: 'warn', waiting: 'warn', lost: 'bad', unreachable: 'bad' };
const MODES = { push: 'feeds this edge', pull: 'asked once an object', archive: 'asked once an object' };
const SOURCE_TONES = { live: 'good', waiting: 'warn', slate: 'bad' };
const PART_LATE_MS = { warn: 30, bad: 100 };
const LOOP_LATE_MS = { warn: 20, bad: 100 };

const over = (value, { warn, bad }) => (value === null ? '' : value > bad ? 'bad' : value > warn ? 'warn' : 'good');
const speedTone = (speed) => (speed === null ? '' : speed < 0.97 ? 'bad' : speed < 0.995 ? 'warn' : 'good');
const joined = (...parts) => parts.filter((part) => part && part !== '–').join(' · ');

function source(message) {
  const at = (key) => pick(message, 'source', key);
  return {
    label: 'Source',
    value: text(at('state')),
    note: joined(text(at('name')), text(at('kind')), size(at('width'), at('height'), at('fps')), text(at('detail'))),
    tone: SOURCE_TONES[at('state')] ?? '',
  };
}

function encoder(message) {
  const at = (...path) => pick(message, 'encoder', ...path);
  const shed = list(at('shed'));
  const trouble = shed.length ? `shed ${shed.join(', ')}` : '';
  const skipped = at('skipped') ? `${at('skipped')} skipped` : '';
  return {
    label: 'Encoder',
    value: at('speed') === null ? '–' : `${fixed(at('speed'), 2)}×`,
    note: joined(`${fixed(at('fps'))} fps`, at('lag_ms') === null ? '' : `lag ${ms(at('lag_ms'))}`, text(at('effort')), trouble, skipped),
    tone: shed.length ? 'warn' : speedTone(at('speed')),
  };
}

function parts(message) {
  const at = (...path) => pick(message, 'parts', ...path);
  const p99 = at('lateness_ms', 'p99');
  return {
    label: 'Part lateness p99',
    value: ms(p99),
    note: joined(`p50 ${ms(at('lateness_ms', 'p50'))}`, `max ${ms(at('lateness_ms', 'max'))}`, `${count(at('count'))} parts`),
    tone: over(p99, PART_LATE_MS),
  };
}

function edge(message) {
  const at = (...path) => pick(message, 'edge', ...path);
  const statuses = Object.entries(at('statuses') ?? {});
  const failed = statuses.filter(([status]) => Number(status) >= 500).reduce((sum, [, n]) => sum + n, 0);
  return [
    { label: 'Viewers', value: count(at('viewers')), note: `${count(at('requests_per_s'))} requests/s`, tone: '' },
    { label: 'Held requests', value: count(at('held')), note: `loop lag ${ms(at('loop_lag_ms'))}`, tone: over(at('loop_lag_ms'), LOOP_LATE_MS) },
    {
      label: 'Egress',
      value: bits(at('egress_bps')),
      note: statuses.map(([status, n]) => `${status}: ${count(n)}`).join(' · '),
      tone: failed ? 'bad' : '',
    },
  ];
}

function window_(message) {
  const at = (key) => pick(message, 'origin', key);
  const window_s = at('window_s') ?? tracksOf(message).reduce((most, track) => Math.max(most ?? 0, pick(track, 'listed_s') ?? 0) || null, null);
  return { label: 'Window', value: lasting(window_s), note: joined(bytes(at('window_bytes') ?? at('held_bytes')), `origin ${cores(at('cpu_cores'))} cores`), tone: '' };
}

function upstream(message) {
  const at = (key) => pick(message, 'upstream', key);
  const since_ms = at('since_ms') === null ? null : Math.max(0, pick(message, 'now_ms') - at('since_ms'));
  const since = since_ms === null ? '' : `for ${lasting(since_ms / 1000)}`;
  return {
    label: at('mode') === 'archive' ? 'Archive' : 'Origin',
    value: text(at('state')),
    note: joined(MODES[at('mode')] ?? text(at('mode')), since, text(at('url')), at('switches') ? `moved ${count(at('switches'))} times, last because ${text(at('why'))}` : ''),
    tone: ORIGIN_TONES[at('state')] ?? '',
  };
}

function asked(message) {
  const at = (key) => pick(message, 'upstream', key);
  const failures = at('failures');
  const fed = at('mode') === 'push';
  return {
    label: fed ? 'From the origin' : at('mode') === 'archive' ? 'Read from it' : 'Upstream requests',
    value: fed ? bits(at('bits_per_s')) : count(at('pulls')),
    note: fed
      ? joined('one feed for all viewers', `${bytes(at('pulled_bytes'))} in all`, failures ? `${count(failures)} times lost` : '')
      : joined(`${count(at('joined'))} joined one`, bytes(at('pulled_bytes')), failures ? `${count(failures)} failed` : 'none failed'),
    tone: failures ? 'warn' : '',
  };
}

function rung(message) {
  const top = pick(message, 'edge', 'top_rung_share');
  return { label: 'On the top rung', value: share(top), note: 'of the video parts and segments sent', tone: '' };
}

function target(message) {
  const at = (key) => pick(message, 'target', key);
  const seconds = (ms) => (typeof ms === 'number' ? `${Number((ms / 1000).toFixed(2))} s` : '–');
  const left_ms = Math.abs(at('target_ms') - at('now_ms'));
  const wait_ms = Math.max(0, at('at_ms') - pick(message, 'now_ms'));
  const moving = left_ms > 0 ? `moving to ${seconds(at('target_ms'))}, in ${lasting((wait_ms + left_ms / (at('slope') || 1)) / 1000)}` : 'from capture to every screen';
  return { label: 'Target latency', value: seconds(at('now_ms')), note: moving, tone: '' };
}

function clock(message) {
  const at = (key) => pick(message, 'upstream', key);
  const ahead_ms = at('clock_ahead_ms');
  const known = typeof ahead_ms === 'number';
  return {
    label: 'Clock',
    value: known ? `${ahead_ms > 0 ? '+' : ahead_ms < 0 ? '−' : ''}${ms(Math.abs(ahead_ms))}` : '–',
    note: known ? `± ${ms(at('clock_within_ms'))} against the origin${at('clock_far') ? '; viewers here are as far from all others' : ''}` : 'the origin has none',
    tone: known ? (at('clock_far') ? 'bad' : 'good') : '',
  };
}

function here(message) {
  const at = (key) => pick(message, 'upstream', key);
  const evicted = at('evicted') ? `${count(at('evicted'))} evicted` : '';
  return { label: 'In memory', value: bytes(at('bytes')), note: joined(`${count(at('objects'))} objects`, evicted), tone: '' };
}

/** Whether a message is of an edge that stands alone, and not of an event. */
export const isEdge = (message) => pick(message, 'upstream') !== null;

/** One message → all tiles. */
export function tilesOf(message) {
  if (isEdge(message)) return [upstream(message), ...edge(message), asked(message), rung(message), here(message), clock(message)];
  return [source(message), encoder(message), parts(message), target(message), ...edge(message), window_(message)];
}

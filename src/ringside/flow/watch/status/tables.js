/* The tables. Pure: a message in, rows of cells out. A cell is text, or {text, tone}. */
import { DEPTH } from './depth.js';
import { list, pick, tracksOf } from './history.js';
import { GROUP } from './multicast.js';
import { bits, bytes, cores, count, lasting, ms, size, text } from './text.js';

const KINDS = ['manifest', 'playlist', 'part', 'segment', 'page', 'other'];

const cell = (value, tone) => ({ text: value, tone });

const TABLES = {
  ...DEPTH,
  rungs: {
    heads: ['Rung', 'Picture', 'Target', 'Bitrate', 'Encode p50', 'p95', 'State'],
    rows: (message) => [...list(pick(message, 'encoder', 'rungs')).map(rung), ...audio(message)],
  },
  tracks: {
    heads: ['Track', 'Codec', 'Newest', 'Age', 'Gaps'],
    rows: (message) => tracksOf(message).map(track),
  },
  group: GROUP,
  kinds: {
    heads: ['Kind', 'Answered', 'Held first', 'Upstream', 'Sent'],
    rows: (message) => KINDS.filter((name) => pick(message, 'edge', 'kinds', name, 'hits') > 0).map((name) => kind(name, message)),
  },
  objects: {
    heads: ['Busiest, in the last second', 'Answered', 'Held first'],
    rows: (message) => list(pick(message, 'edge', 'objects')).map((one) => [text(pick(one, 'path')), count(pick(one, 'hits')), count(pick(one, 'held'))]),
  },
  workers: {
    heads: ['Worker', 'Viewers', 'Held', 'Egress', 'Loop lag', 'CPU'],
    rows: (message) => [...list(pick(message, 'edge', 'workers')).map(worker), ...moq(message)],
  },
  processes: {
    heads: ['Process', 'Pid', 'Up', 'Restarts'],
    rows: (message) => list(pick(message, 'processes')).map(process),
  },
};

function rung(one) {
  const at = (...path) => pick(one, ...path);
  const off = at('active') === false;
  return [
    cell(text(at('name')), off ? 'soft' : ''), size(at('width'), at('height'), at('fps')), bits(at('target_bps')), bits(at('bitrate_bps')),
    ms(at('encode_ms', 'p50')), ms(at('encode_ms', 'p95')), off ? cell('shed', 'warn') : cell('on', 'good'),
  ];
}

function audio(message) {
  const bitrate_bps = pick(message, 'encoder', 'audio', 'bitrate_bps');
  return bitrate_bps === null ? [] : [['audio', '–', '–', bits(bitrate_bps), '–', '–', cell('on', 'good')]];
}

function track(one) {
  const last = list(pick(one, 'last') ?? pick(one, 'next'));
  const gaps = pick(one, 'gaps');
  return [text(pick(one, 'name')), text(pick(one, 'codec')), last.length ? last.join('.') : '–', ms(pick(one, 'age_ms')), cell(count(gaps), gaps > 0 ? 'warn' : '')];
}

function kind(name, message) {
  const at = (key) => pick(message, 'edge', 'kinds', name, key);
  return [name, count(at('hits')), count(at('held')), count(pick(message, 'upstream', 'kinds', name)), bytes(at('bytes'))];
}

function worker(one) {
  const at = (key) => pick(one, key);
  const late = at('loop_lag_ms') > 20;
  return [text(at('pid')), count(at('viewers')), count(at('held')), bits(at('egress_bps')), cell(ms(at('loop_lag_ms')), late ? 'warn' : ''), cores(at('cpu_cores'))];
}

/* The process that publishes over MoQ: its sessions are viewers, or it has one relay that has them. */
function moq(message) {
  const at = (key) => pick(message, 'moq', key);
  if (at('pid') === null) return [];
  const [dropped, fault] = [at('dropped'), at('fault')];
  const viewers = at('relay') ? 'at the relay' : count(at('sessions'));
  const state = fault ? cell('not served', 'bad') : cell(dropped ? `${count(dropped)} dropped` : '–', dropped ? 'warn' : '');
  return [[`${text(at('pid'))} MoQ`, viewers, '–', bits(at('egress_bps')), state, cores(at('cpu_cores'))]];
}

function process(one) {
  const restarts = pick(one, 'restarts');
  return [text(pick(one, 'name')), text(pick(one, 'pid')), lasting(pick(one, 'uptime_s')), cell(count(restarts), restarts > 0 ? 'warn' : '')];
}

/** Names of the tables, in order. */
export const NAMES = Object.keys(TABLES);

/** A table's column heads. */
export const headsOf = (name) => TABLES[name].heads;

/** Whether a message has anything for a table that is not always there. */
export const isShown = (name, message) => TABLES[name].shown?.(message) ?? true;

/** A message and a table's name → its rows. */
export const rowsOf = (name, message) => TABLES[name].rows(message);

/* What stands behind what: inputs, studios, origins, the archive, other services. Pure: a message in, rows of cells out;
   a cell is text, {text, tone, title} or {order, label}, which is a button. */
import { list, pick, tracksOf } from './history.js';
import { bits, bytes, count, lasting, ms, text } from './text.js';

const INPUT_STATES = { on_air: { text: 'on the air', tone: 'live' }, ready: { text: 'ready', tone: 'good' }, waiting: { text: 'not there', tone: 'soft' } };
const STUDIO_TONES = { 'on air': 'live', ready: 'good', settling: 'warn', late: 'warn', gone: 'bad', ended: 'soft' };
const ORIGIN_TONES = { live: 'good', waiting: 'warn', silent: 'warn', late: 'warn', lost: 'bad', unreachable: 'bad' };
const ARCHIVE_TONES = { ok: 'good', behind: 'warn', failing: 'bad' };
const RESTREAM_TONES = { live: 'good', sending: 'good', connecting: 'warn', waiting: 'warn', retrying: 'bad', failed: 'bad' };
const WAITING_LONG_S = 10;
const LATE_MS = 200;

const cell = (value, tone = '', title = '') => ({ text: value, tone, title });
const joined = (...parts) => parts.filter((part) => part && part !== '–').join(' · ');
const told = (value, tones) => cell(text(value), tones[value] ?? 'warn');
const some = (value, tone) => cell(count(value), value > 0 ? tone : '');

function since(message, one) {
  const since_ms = pick(one, 'since_ms');
  return typeof since_ms === 'number' ? lasting(Math.max(0, pick(message, 'now_ms') - since_ms) / 1000) : '–';
}

/* Whatever a way in counts of itself. */
function line(stats) {
  const at = (...names) => names.map((name) => pick(stats, name)).find((value) => value !== null && value !== '') ?? null;
  const gone = Number(at('lost') ?? 0);
  return joined(
    at('silent') ? 'silent' : '', text(at('publisher', 'peer')), bits(at('bitrate_bps')),
    at('rtt_ms') === null ? '' : `round trip ${ms(at('rtt_ms'))}`, gone ? `${count(gone)} packets lost` : '', at('dropped') ? `${count(at('dropped'))} dropped` : '',
  ) || '–';
}

function inputState(state, faulty) {
  const known = INPUT_STATES[state] ?? cell(text(state), 'warn');
  return faulty && state === 'ready' ? { ...known, tone: 'warn' } : known;
}

function input(message, one) {
  const at = (key) => pick(one, key);
  const faults = list(at('faults'));
  return [
    cell(text(at('name')), '', text(at('from'))),
    inputState(at('state'), faults.length > 0),
    since(message, one),
    faults.length ? cell(faults.map(text).join(', '), 'bad') : '–',
    cell(text(at('detail')), 'soft', text(at('detail'))),
    cell(line(at('stats')), '', line(at('stats'))),
    { order: text(at('name')), label: at('state') === 'on_air' ? 'Keep on the air' : 'Put on the air' },
  ];
}

function studio(message, one) {
  const at = (...path) => pick(one, ...path);
  const heard = at('heard_ms');
  const silent_s = typeof heard === 'number' ? Math.max(0, pick(message, 'now_ms') - heard) / 1000 : null;
  return [
    text(at('name')), text(at('order')), text(at('source', 'on_air') ?? at('source', 'state')),
    at('encoder', 'speed') === null ? '–' : `${at('encoder', 'speed').toFixed(2)}×`,
    cell(silent_s === null ? '–' : silent_s < 3 ? 'now' : `${lasting(silent_s)} ago`, silent_s >= 3 ? 'warn' : ''),
  ];
}

function candidates(message) {
  return tracksOf(message).flatMap((track) => list(pick(track, 'candidates')).map((one) => {
    const at = (key) => pick(one, key);
    const marks = Object.entries(at('marks') ?? {}).filter(([, n]) => n > 0).map(([word, n]) => `${word} ${count(n)}`);
    return [
      text(pick(track, 'name')), text(at('studio')), told(at('state'), STUDIO_TONES), since(message, one), count(at('chunks')), some(at('late'), 'warn'),
      marks.length ? cell(marks.join(', '), 'warn', marks.join(', ')) : '–',
    ];
  }));
}

function origin(message, one) {
  const at = (key) => pick(one, key);
  return [
    cell(text(at('url')), '', text(at('url'))), told(at('state'), ORIGIN_TONES), at('on_air') ? cell('this edge', 'good') : '–', since(message, one),
    cell(ms(at('lateness_ms')), at('lateness_ms') > LATE_MS ? 'warn' : ''), bytes(at('pulled_bytes')), some(at('failures'), 'warn'),
  ];
}

function archive(message) {
  const at = (...path) => pick(message, 'archive', ...path);
  if (at('state') === null) return [];
  const oldest_s = at('oldest_waiting_s');
  const why = at('why') || '–';
  return [[
    told(at('state'), ARCHIVE_TONES), count(at('segments')), bytes(at('bytes')), some(at('waiting'), at('state') === 'ok' ? '' : 'warn'),
    cell(lasting(oldest_s), oldest_s > WAITING_LONG_S ? 'warn' : ''), some(at('failed'), 'bad'), count(at('brought_back', 'pulls')),
    cell(text(at('url')), 'soft', text(at('url'))), cell(why, why === '–' ? '' : 'bad', why),
  ]];
}

function restream(message, one) {
  const at = (key) => pick(one, key);
  const why = at('why') || '–';
  return [
    cell(text(at('to')), '', text(at('to'))), told(at('state'), RESTREAM_TONES), since(message, one), bits(at('bitrate_bps')), bytes(at('sent_bytes')),
    some(at('dropped'), 'warn'), some(at('restarts'), 'warn'), cell(why, why === '–' ? '' : 'bad', why),
  ];
}

const inputs = (message) => list(pick(message, 'source', 'inputs'));
const several = (message) => candidates(message).length > tracksOf(message).length || pick(message, 'origin', 'switches') > 0 || list(pick(message, 'studios')).length > 1;

/** Tables as tables.js has them; `shown` says whether a message has any of it to show. */
export const DEPTH = {
  inputs: {
    heads: ['Input', 'State', 'For', 'Faults', 'Brings', 'Line', ''],
    rows: (message) => inputs(message).map((one) => input(message, one)),
    shown: (message) => inputs(message).length > 0,
  },
  studios: {
    heads: ['Studio', 'Order', 'Shows', 'Encoder', 'Heard'],
    rows: (message) => list(pick(message, 'studios')).map((one) => studio(message, one)),
    shown: (message) => several(message) && list(pick(message, 'studios')).length > 0,
  },
  candidates: {
    heads: ['Track', 'From', 'State', 'For', 'Chunks', 'Late', 'Defects'],
    rows: candidates,
    shown: several,
  },
  origins: {
    heads: ['Origin', 'State', 'Feeds', 'For', 'Late by', 'Taken', 'Failures'],
    rows: (message) => list(pick(message, 'upstream', 'origins')).map((one) => origin(message, one)),
    shown: (message) => list(pick(message, 'upstream', 'origins')).length > 1,
  },
  archive: {
    heads: ['State', 'Segments', 'Kept', 'Waiting', 'Oldest', 'Failed', 'Brought back', 'Where', 'Why'],
    rows: archive,
    shown: (message) => pick(message, 'archive', 'state') !== null,
  },
  restreams: {
    heads: ['Sent on to', 'State', 'For', 'Bitrate', 'Sent', 'Dropped', 'Restarts', 'Why'],
    rows: (message) => list(pick(message, 'restreams')).map((one) => restream(message, one)),
    shown: (message) => list(pick(message, 'restreams')).length > 0,
  },
};

/** What an operator has ordered, as a sentence; empty while the best input is on the air by itself. */
export function orderOf(message) {
  const [forced, on_air] = [pick(message, 'source', 'forced'), pick(message, 'source', 'on_air')];
  if (forced === null) return '';
  return forced === on_air ? `${forced} is on the air by order` : `${forced} is wanted; until it is there, ${text(on_air)} is on the air`;
}

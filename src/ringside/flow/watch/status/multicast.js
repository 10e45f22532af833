/* Group health of an edge that is a gateway: its tiles and its table of tracks. Pure: a message in, words out. */
import { pick } from './history.js';
import { bytes, count, fixed, lasting, ms, share, text } from './text.js';

const STATES = {
  start: { value: 'starting', tone: 'warn', note: 'not yet in the group' },
  unicast: { value: 'unicast', tone: 'warn', note: 'until the group flows' },
  group: { value: 'group', tone: 'good', note: '' },
  bridge: { value: 'bridge', tone: 'warn', note: 'silent or with a gap' },
};
const LATE_MS = { warn: 150, bad: 500 };
const SUSPECT = ['forged', 'replayed'];

const cell = (value, tone) => ({ text: value, tone });
const joined = (...parts) => parts.filter((part) => part && part !== '–').join(' · ');
const percent = (value) => (typeof value === 'number' ? `${fixed(value, value > 0 && value < 100 ? 1 : 0)} %` : '–');
const known = (value) => (typeof value === 'number' ? value : 0);
const at = (message, ...path) => pick(message, 'multicast', ...path);
const tracks = (message) => Object.entries(at(message, 'tracks') ?? {});
const sum = (message, key) => tracks(message).reduce((all, [, track]) => all + known(pick(track, key)), 0);

function state(message) {
  const { value, tone, note } = STATES[at(message, 'state')] ?? { value: text(at(message, 'state')), tone: '', note: '' };
  const lasted_s = at(message, 'since_ms') === null ? null : Math.max(0, pick(message, 'now_ms') - at(message, 'since_ms')) / 1000;
  const source = at(message, 'source');
  return {
    label: 'Multicast',
    value,
    note: joined(`${text(at(message, 'group'))}${source ? ` from ${source}` : ''}`, lasted_s === null ? '' : `for ${lasting(lasted_s)}`, note),
    tone,
  };
}

function offload(message) {
  const spared = known(at(message, 'unicast_cost_bytes')) - known(at(message, 'unicast_bytes'));
  const low = at(message, 'state') === 'group' && at(message, 'offload_percent') < 90;
  return {
    label: 'Offload',
    value: percent(at(message, 'offload_percent')),
    note: joined(`${percent(at(message, 'offload_in_all_percent'))} since the start`, spared > 0 ? `${bytes(spared)} spared` : ''),
    tone: low ? 'warn' : '',
  };
}

function byGroup(message) {
  return { label: 'By the group', value: bytes(at(message, 'group_bytes')), note: `${bytes(at(message, 'unicast_cost_bytes'))} by unicast alone`, tone: '' };
}

function byUnicast(message) {
  const switches = at(message, 'switches');
  return { label: 'By unicast', value: bytes(at(message, 'unicast_bytes')), note: joined('repair and bridging', `${count(switches)} ${switches === 1 ? 'switch' : 'switches'}`), tone: '' };
}

function lost(message) {
  const [received, gone] = [sum(message, 'packets'), sum(message, 'lost')];
  return { label: 'Packets lost', value: share(received + gone ? gone / (received + gone) : 0), note: `${count(gone)} of ${count(received + gone)}`, tone: '' };
}

function mended(message) {
  const missing = sum(message, 'missing');
  return {
    label: 'Objects missing',
    value: count(missing),
    note: `${count(sum(message, 'mended_by_fec'))} mended by FEC · ${count(sum(message, 'mended_by_unicast'))} by unicast`,
    tone: missing ? 'bad' : 'good',
  };
}

function delay(message) {
  const p95 = at(message, 'delay_ms', 'p95');
  const tone = p95 === null ? '' : p95 > LATE_MS.bad ? 'bad' : p95 > LATE_MS.warn ? 'warn' : 'good';
  return { label: 'Delay p95', value: ms(p95), note: `sender to cache; p50 ${ms(at(message, 'delay_ms', 'p50'))}`, tone };
}

function dropped(message) {
  const reasons = Object.entries(at(message, 'dropped') ?? {}).filter(([, n]) => n > 0);
  const unread = known(at(message, 'unread'));
  const all = reasons.reduce((total, [, n]) => total + known(n), unread);
  const suspect = reasons.some(([reason]) => SUSPECT.includes(reason));
  return {
    label: 'Packets dropped',
    value: count(all),
    note: joined(...reasons.map(([reason, n]) => `${reason}: ${count(n)}`), unread ? `unread: ${count(unread)}, the buffer has ${bytes(at(message, 'buffer_bytes'))}` : '') || 'none foreign, none unread',
    tone: unread || suspect ? 'warn' : '',
  };
}

/** Whether a message is of a gateway. */
export const isGateway = (message) => pick(message, 'multicast') !== null;

/** One message → the gateway's tiles, or none. */
export function groupTilesOf(message) {
  return isGateway(message) ? [state, offload, byGroup, byUnicast, lost, mended, delay, dropped].map((tile) => tile(message)) : [];
}

/** Two messages → what came by the group and by unicast meanwhile, bits a second; nothing without both. */
export function groupRates(before, message) {
  const seconds = (pick(message, 'now_ms') - pick(before, 'now_ms')) / 1000;
  if (!isGateway(message) || !isGateway(before) || !(seconds > 0)) return {};
  const rate = (key) => Math.max(0, (known(at(message, key)) - known(at(before, key))) * 8) / seconds;
  return { group_bps: rate('group_bytes'), unicast_bps: rate('unicast_bytes') };
}

function track([name, one]) {
  const of = (key) => pick(one, key);
  const cost = of('unicast_cost_bytes');
  const all = known(of('packets')) + known(of('lost'));
  return [
    name, count(of('packets')), `${count(of('lost'))} · ${share(all ? known(of('lost')) / all : 0)}`, count(of('objects')), count(of('mended_by_fec')),
    count(of('mended_by_unicast')), cell(count(of('missing')), of('missing') > 0 ? 'bad' : ''), bytes(of('group_bytes')), bytes(of('unicast_bytes')), bytes(cost),
    percent(cost > 0 ? 100 * (1 - known(of('unicast_bytes')) / cost) : null),
  ];
}

/** The table of tracks, as tables.js has them. */
export const GROUP = {
  heads: ['Track', 'Packets', 'Lost', 'Objects', 'Mended by FEC', 'By unicast', 'Missing', 'Group', 'Unicast', 'Unicast alone', 'Offload'],
  rows: (message) => tracks(message).map(track),
};

/* The status page: what the feed says, written down. Every word from outside goes in as text, never as markup. */
import { timeOfDay } from '../controls/text.js';
import { charts } from './charts.js';
import { Feed } from './feed.js';
import { empty, pick, push, rowOf } from './history.js';
import { groupRates, groupTilesOf, isGateway } from './multicast.js';
import { headsOf, NAMES, rowsOf } from './tables.js';
import { lasting, text } from './text.js';
import { isEdge, tilesOf } from './tiles.js';

const CONNECTION = {
  connecting: 'Connecting to the server; the numbers come by themselves.',
  lost: 'Connection lost, retrying; these numbers are from ',
};

const at = Object.fromEntries(['event', 'state', 'up', 'now', 'connection', 'tiles', 'gateway', 'group-tiles', 'charts', 'log', 'watch'].map((id) => [id, document.getElementById(id)]));
const draw = charts(at.charts);
let history = empty();
let last_ms = null;
let before = null;

function make(tag, content, tone) {
  const element = document.createElement(tag);
  element.textContent = content;
  if (tone) element.dataset.tone = tone;
  return element;
}

function tiles(root, all) {
  root.replaceChildren(...all.map(({ label, value, note, tone }) => {
    const tile = document.createElement('div');
    tile.className = 'tile';
    if (tone) tile.dataset.tone = tone;
    const small = make('p', note);
    small.title = note;
    tile.append(make('h2', label), make('strong', value), small);
    return tile;
  }));
}

function table(name, message) {
  const root = document.getElementById(name);
  const rows = rowsOf(name, message);
  const head = document.createElement('tr');
  head.append(...headsOf(name).map((one) => make('th', one)));
  const body = rows.map((row) => {
    const line = document.createElement('tr');
    line.append(...row.map((one) => (typeof one === 'string' ? make('td', one) : make('td', one.text, one.tone))));
    return line;
  });
  if (!body.length) {
    const none = make('td', 'Nothing yet', 'soft');
    none.colSpan = headsOf(name).length;
    body.push(document.createElement('tr'));
    body[0].append(none);
  }
  root.tHead.replaceChildren(head);
  root.tBodies[0].replaceChildren(...body);
}

function log(message) {
  const lines = pick(message, 'log');
  const shown = (Array.isArray(lines) ? lines : []).slice(-40).map((line) => {
    const item = document.createElement('li');
    item.append(make('time', timeOfDay(pick(line, 'at_ms'))), make('span', text(pick(line, 'text'))));
    return item;
  });
  const pinned = at.log.scrollHeight - at.log.scrollTop - at.log.clientHeight < 24;
  at.log.replaceChildren(...(shown.length ? shown : [make('li', 'Nothing yet', 'soft')]));
  if (pinned) at.log.scrollTop = at.log.scrollHeight;
}

function show(message) {
  last_ms = pick(message, 'now_ms') ?? Date.now();
  history = push(history, last_ms / 1000, { ...rowOf(message), ...groupRates(before, message) });
  before = message;
  const state = pick(message, 'state');
  at.event.textContent = text(pick(message, 'event'));
  at.state.textContent = text(state);
  at.state.dataset.state = state ?? '';
  at.up.textContent = `up ${lasting(pick(message, 'uptime_s'))}`;
  at.now.textContent = timeOfDay(last_ms);
  document.title = `${text(pick(message, 'event'))} · ${text(state)} · status`;
  document.body.dataset.of = isEdge(message) ? 'edge' : 'event';
  at.watch.hidden = pick(message, 'upstream', 'mode') === 'pull'; // whose names our page cannot know
  at.gateway.hidden = !isGateway(message);
  tiles(at.tiles, tilesOf(message));
  tiles(at['group-tiles'], groupTilesOf(message));
  NAMES.forEach((name) => table(name, message));
  log(message);
  draw(history, message);
}

function connection(state) {
  document.body.dataset.connection = state;
  at.connection.hidden = state === 'open';
  const words = state === 'lost' ? `${CONNECTION.lost}${timeOfDay(last_ms)}.` : (CONNECTION[state] ?? '');
  if (at.connection.textContent !== words) at.connection.textContent = words;
}

connection('connecting');
window.ringside = {
  feed: new Feed('/status/events', ({ state, message }) => {
    if (message !== null && typeof message === 'object') show(message);
    connection(state);
  }),
  history: () => history,
};

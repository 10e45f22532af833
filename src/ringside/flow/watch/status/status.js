/* The status page: what the feed says, written down. Every word from outside goes in as text, never as markup. */
import { timeOfDay } from '../controls/text.js';
import { charts } from './charts.js';
import { choice, listen } from './choice.js';
import { make, table, tiles } from './draw.js';
import { Feed } from './feed.js';
import { empty, pick, push, rowOf } from './history.js';
import { groupRates, groupTilesOf, isGateway } from './multicast.js';
import { headsOf, isShown, NAMES, rowsOf } from './tables.js';
import { lasting, text } from './text.js';
import { isEdge, tilesOf } from './tiles.js';

const CONNECTION = {
  connecting: 'Connecting to the server; the numbers come by themselves.',
  lost: 'Connection lost, retrying; these numbers are from ',
};

const at = Object.fromEntries(['event', 'state', 'up', 'now', 'connection', 'tiles', 'depth', 'gateway', 'group-tiles', 'charts', 'log', 'watch', 'order', 'choices', 'refusal', 'token', 'token-why'].map((id) => [id, document.getElementById(id)]));
const draw = charts(at.charts);
let history = empty();
let last_ms = null;
let before = null;

function tables(message) {
  for (const name of NAMES) {
    const root = document.getElementById(name);
    const shown = isShown(name, message);
    root.closest('.card').hidden = !shown;
    if (shown) table(root, headsOf(name), rowsOf(name, message));
  }
  at.depth.hidden = !at.depth.querySelector('.card:not([hidden])');
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

/* where an event is watched: an edge has whatever its origin has, by the page's own name for it */
function watchOf(mode, event) {
  if (mode === 'archive') return `/?replay=${encodeURIComponent(event)}`;
  return mode === null && event !== 'main' ? `/?event=${encodeURIComponent(event)}` : '/';
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
  const mode = pick(message, 'upstream', 'mode');
  at.watch.hidden = mode === 'pull'; // whose names our page cannot know
  at.watch.href = watchOf(mode, text(pick(message, 'event')));
  at.gateway.hidden = !isGateway(message);
  tiles(at.tiles, tilesOf(message));
  tiles(at['group-tiles'], groupTilesOf(message));
  tables(message);
  choice(at, message);
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
  operator: listen(at, () => pick(before, 'event')),
  feed: new Feed('/status/events', ({ state, message }) => {
    if (message !== null && typeof message === 'object') show(message);
    connection(state);
  }),
  history: () => history,
};

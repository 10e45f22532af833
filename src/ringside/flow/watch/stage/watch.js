/* The watch page: a RingsidePlayer (embed/) and the View that shows it. What the address says is all it is told. */
import { RingsidePlayer } from '../embed/ringside.js';
import { View } from './view.js';

const byId = (id) => document.getElementById(id);
const query = new URLSearchParams(location.search);
const replay = query.get('replay');
const event = replay || query.get('event') || 'main';

const watch = new RingsidePlayer(byId('video'), {
  url: new URL(`/${replay ? 'replay' : 'live'}/${encodeURIComponent(event)}/`, location.href),
  player: query.get('player') ?? 'auto',
  via: query.get('via'),
  target_s: Number(query.get('target')) || null,
  freeze: byId('freeze'),
  replay: Boolean(replay),
});
const view = new View({ event, engineer: query.has('engineer'), video: byId('video'), ask: (verb, more) => watch.ask(verb, more), watch });
watch.addEventListener('change', () => view.draw(watch));
setInterval(() => view.draw(watch), 250);

window.ringside = { players: [watch] };

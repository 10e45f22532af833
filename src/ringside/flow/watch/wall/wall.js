/* The wall: screens on different paths and edges side by side, and above them how far apart they are.

   The address says what stands on it: ?players=push,push,hls  &edges=http://a,http://b  &target=SECONDS  &event=NAME. */
import { offers } from '../player/probe.js';
import { abilities } from '../player/index.js';
import { columnsFor, isCrowded, isLoopback, medianOf, momentOf, originsOf, playersOf, spreadOf, spreadText, toneOf } from './plan.js';
import { photograph, print } from './photo.js';
import { Tile } from './tile.js';
import { Trace } from './trace.js';

const READ_MS = 250;
const SMOOTH = 4;

const byId = (id) => document.getElementById(id);
const query = new URLSearchParams(location.search);
const event = query.get('event') || 'main';
const put = (element, text) => element.textContent !== text && (element.textContent = text);

class Wall {
  tiles = [];
  #spreads = [];
  #trace = new Trace(byId('spread-trace'));
  #photo = null;
  #columns = 1;

  async open() {
    const base = new URL(`/live/${encodeURIComponent(event)}/`, location.href).href;
    const names = playersOf(query.get('players'), await this.#everyPath(base));
    const origins = originsOf(query.get('edges'), location.href, names.length, await spreads());
    const template = byId('tile');
    for (const [at, name] of names.entries()) {
      const options = { name, origin: origins[at], event, target_s: Number(query.get('target')) || null };
      const tile = new Tile(at + 1, options, template, (one) => this.pick(one));
      tile.edge = new URL(origins[at]).host;
      byId('tiles').append(tile.root);
      this.tiles.push(tile);
    }
    byId('crowded').hidden = !isCrowded(names, origins);
    new ResizeObserver(() => this.#fit()).observe(byId('tiles'));
    this.#fit();
    this.#listen();
    setInterval(() => this.#read(), READ_MS);
    requestAnimationFrame(() => this.#tell());
  }

  /* every path that this browser and this server have */
  async #everyPath(base) {
    const { transport, known } = abilities(document.createElement('video'));
    const moq = known.includes('moq') && transport && (await offers('moq', base));
    return ['push', ...(moq ? ['moq'] : []), 'hls', 'dash'];
  }

  #fit() {
    const width = byId('tiles').clientWidth - 32;
    const { columns, wide } = this.#room(width);
    this.#columns = columns;
    byId('tiles').style.setProperty('--wide', `${Math.floor(wide)}px`);
  }

  /* an upright screen scrolls; any other shows all at once */
  #room(width) {
    const foot_px = this.tiles[0]?.root.querySelector('.foot').offsetHeight || 58;
    if (innerWidth < innerHeight) {
      const columns = width < 560 || this.tiles.length === 1 ? 1 : 2;
      return { columns, wide: (width - (columns - 1) * 10) / columns };
    }
    return columnsFor(this.tiles.length, width, Math.max(240, innerHeight - byId('tiles').offsetTop - 16), foot_px);
  }

  /** The common one, without a path's own floor. */
  get target_ms() {
    const { target, clock } = this.tiles[0].player;
    return target.at(clock.now()).target_ms;
  }

  #read() {
    const { target_ms } = this;
    const stats = this.tiles.map((tile) => tile.read(target_ms));
    this.tiles.forEach((tile, at) => tile.draw(stats[at]));
    this.#spreads = [...this.#spreads, spreadOf(this.tiles.map(({ offset_ms }) => offset_ms))].slice(-SMOOTH);
    const spread_ms = this.spread_ms();
    const playing = this.tiles.filter(({ offset_ms }) => Number.isFinite(offset_ms));
    byId('spread').dataset.tone = toneOf(spread_ms);
    put(byId('spread-ms'), spreadText(spread_ms));
    const source = playing.every(({ pictured }) => pictured) ? 'from the pictures' : 'by media time';
    put(byId('spread-of'), `${playing.length} of ${this.tiles.length} screens · ${source}`);
    put(byId('target'), (target_ms / 1000).toFixed(2));
    put(byId('title'), this.tiles.map(({ player }) => player.player?.title()).find(Boolean) ?? (event === 'main' ? 'Main event' : event));
    byId('live').hidden = !playing.length;
    this.#trace.add(spread_ms, toneOf(spread_ms));
  }

  /** Milliseconds between the first and the last screen, over the last second. */
  spread_ms() {
    return medianOf(this.#spreads);
  }

  /* the common moment's own clock, every frame */
  #tell() {
    const { clock } = this.tiles[0].player;
    put(byId('moment'), momentOf(clock.now()).slice(0, 10));
    requestAnimationFrame(() => this.#tell());
  }

  /** Hear this tile, and only this one; once more: none. */
  pick(wanted) {
    const on = !wanted.sounds;
    for (const tile of this.tiles) tile.hear(on && tile === wanted);
  }

  /** Photograph all screens at one instant and show it. */
  photo() {
    const shot = photograph(this.tiles, this.tiles[0].player.clock);
    this.#photo = print(shot);
    this.#photo.setAttribute('role', 'img');
    this.#photo.setAttribute('aria-label', 'All screens at one instant');
    byId('sheet').replaceChildren(this.#photo);
    if (!byId('photo').open) byId('photo').showModal();
    return { at_ms: shot.at_ms, spread_ms: shot.spread_ms, taken_ms: shot.shots.map(({ taken_ms }) => taken_ms) };
  }

  #save() {
    this.#photo.toBlob((blob) => {
      const link = Object.assign(document.createElement('a'), { href: URL.createObjectURL(blob), download: 'ringside-wall.png' });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    });
  }

  #listen() {
    const verbs = { p: () => this.photo(), f: () => full() };
    byId('shoot').addEventListener('click', verbs.p);
    byId('full').addEventListener('click', verbs.f);
    byId('save').addEventListener('click', () => this.#save());
    byId('close').addEventListener('click', () => byId('photo').close());
    addEventListener('resize', () => this.#fit());
    document.addEventListener('keydown', (pressed) => {
      if (pressed.ctrlKey || pressed.metaKey || pressed.altKey || pressed.repeat) return;
      const tile = this.tiles[Number(pressed.key) - 1];
      if (tile) this.pick(tile);
      else if (pressed.key.startsWith('Arrow') && !byId('photo').open) this.#walk(pressed);
      else verbs[pressed.key.toLowerCase()]?.();
    });
  }

  #walk(pressed) {
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.#columns, ArrowDown: this.#columns }[pressed.key];
    const at = this.tiles.findIndex(({ root }) => root === document.activeElement);
    const next = this.tiles[at < 0 ? 0 : at + by];
    if (!next) return;
    pressed.preventDefault();
    next.root.focus();
  }
}

function full() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen?.().catch(() => {});
}

/* not every machine answers on all of 127.0.0.0/8 */
async function spreads() {
  if (query.has('edges') || !isLoopback(location.hostname)) return false;
  try {
    return (await fetch(new URL('/clock', originsOf(null, location.href, 2)[1]), { signal: AbortSignal.timeout(1500) })).ok;
  } catch {
    return false;
  }
}

const wall = new Wall();
window.ringside = {
  get players() {
    return wall.tiles.map(({ player }) => player);
  },
  spread_ms: () => wall.spread_ms(),
  photo: () => wall.photo(),
};
wall.open();

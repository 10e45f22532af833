/* What the viewer sees and touches: draws the session, and turns touches into wishes. Decides nothing about media. */
import { Engineer } from '../controls/engineer.js';
import { Fade } from '../controls/fade.js';
import { listen } from '../controls/keys.js';
import { Menu } from '../controls/menu.js';
import { Scrub } from '../controls/scrub.js';
import { bits, span, timeOfDay } from '../controls/text.js';
import { SMALL } from '../embed/sentences.js';

const STEP_S = 10;
const AT_LIVE_S = 2.5;
const DRAW_MS = 200;
const NOTE_MS = 12_000;
const PILL_MS = 8000; // from then on the pill comes and goes with the controls
const FINAL = new Set(['ended', 'ended_replay', 'replay_over', 'unsupported', 'closed']);
const IDS = ['stage', 'picture', 'sentence', 'note', 'tap', 'title', 'badge', 'latency', 'play', 'mute', 'volume', 'live', 'moment', 'captions', 'quality', 'engineer', 'full'];

const put = (element, text) => element.textContent !== text && (element.textContent = text);
const icon = (button, name) => {
  const use = button.querySelector('use');
  if (use.getAttribute('href') !== `#i-${name}`) use.setAttribute('href', `#i-${name}`);
};
const nameOf = (event) => (event === 'main' ? 'Main event' : event.replace(/[-_]+/g, ' ').replace(/^./, (first) => first.toUpperCase()));

export class View {
  #at = Object.fromEntries(IDS.map((id) => [id, document.getElementById(id)]));
  #video;
  #watch;
  #ask;
  #event;
  #drawn_ms = -Infinity;
  #wasPhase = null;
  #tapSince_ms = null;
  #noted = { text: null, at_ms: 0 };

  constructor({ event, engineer, video, ask, watch }) {
    [this.#event, this.#video, this.#ask, this.#watch] = [event, video, ask, watch];
    this.#video.volume = remembered();
    this.menu = new Menu(document.getElementById('menu'));
    this.numbers = new Engineer(document.getElementById('numbers'));
    this.scrub = new Scrub(document.getElementById('scrub'), {
      seek: (media_s, live) => ask(live ? 'live' : 'seek', { media_s, live }),
      dateOf: (media_s) => watch.dateOf(media_s),
    });
    this.fade = new Fade(this.#at.stage, () => this.#busy());
    this.#touch();
    if (engineer) this.#numbers();
  }

  #busy() {
    return this.#video.paused || this.menu.open || this.scrub.dragging || this.#watch.session.phase !== 'playing';
  }

  #touch() {
    const { play, mute, volume, live, captions, quality, engineer, full, tap, picture } = this.#at;
    play.addEventListener('click', () => this.#toggle());
    mute.addEventListener('click', () => this.#sound(this.#video.muted));
    volume.addEventListener('input', () => this.#volume(Number(volume.value)));
    live.addEventListener('click', () => this.#ask('live'));
    captions.addEventListener('click', () => this.#captionMenu());
    quality.addEventListener('click', () => this.#qualityMenu());
    engineer.addEventListener('click', () => this.#numbers());
    full.addEventListener('click', () => this.#full());
    tap.addEventListener('click', () => this.#tapped());
    picture.addEventListener('click', (event) => this.#picked(event));
    picture.addEventListener('dblclick', () => this.#full());
    listen({
      toggle: () => this.#toggle(), mute: () => this.#sound(this.#video.muted), full: () => this.#full(), live: () => this.#ask('live'),
      first: () => this.scrub.first(), engineer: () => this.#numbers(), captions: () => this.#at.captions.disabled || this.#captionMenu(),
      back: () => this.scrub.step(-STEP_S), forward: () => this.scrub.step(STEP_S),
      louder: () => this.#volume(this.#video.volume + 0.1), softer: () => this.#volume(this.#video.volume - 0.1),
    });
  }

  #toggle() {
    this.#ask(this.#video.paused ? 'play' : 'pause');
  }

  #picked(event) {
    if (event.target.closest('button')) return;
    if (event.pointerType === 'touch') this.fade.toggle();
    else if (!this.menu.open) this.#toggle();
  }

  #tapped() {
    this.#sound(true);
    if (this.#video.paused) this.#ask('play');
  }

  #sound(on) {
    this.#video.muted = !on;
    if (on && this.#video.volume === 0) this.#video.volume = 1;
    this.tapped = true;
    this.#draw();
  }

  #volume(wanted) {
    this.#video.volume = Math.min(1, Math.max(0, wanted));
    remember(this.#video.volume);
    this.#sound(this.#video.volume > 0);
  }

  #numbers() {
    this.numbers.toggle();
    this.#at.engineer.setAttribute('aria-pressed', String(this.numbers.shown));
    this.#draw();
  }

  #full() {
    const { stage } = this.#at;
    if (document.fullscreenElement) document.exitFullscreen();
    else if (stage.requestFullscreen) stage.requestFullscreen().catch(() => {});
    else this.#video.webkitEnterFullscreen?.();
  }

  #qualityMenu() {
    const { player } = this.#watch;
    const chosen = player.chosen();
    const rungs = [...player.rungs()].sort((a, b) => b.bps - a.bps);
    this.menu.toggle(this.#at.quality, 'Quality', [
      { label: 'Auto', note: player.rung()?.label, set: chosen === null, choose: () => player.choose(null) },
      ...rungs.map(({ id, label, bps }) => ({ label, note: bits(bps), set: chosen === id, choose: () => player.choose(id) })),
    ]);
  }

  #captionMenu() {
    const { player } = this.#watch;
    const now = player.caption();
    this.menu.toggle(this.#at.captions, 'Captions', [
      { label: 'Off', set: now === null, choose: () => player.show(null) },
      ...player.captions().map(({ id, label }) => ({ label, set: now === id, choose: () => player.show(id) })),
    ]);
  }

  /** Show how things stand; cheap enough to call often. */
  draw(watch) {
    const now_ms = performance.now();
    if (now_ms - this.#drawn_ms < DRAW_MS && watch.session.phase === this.#wasPhase) return;
    this.#drawn_ms = now_ms;
    if (watch.session.phase !== this.#wasPhase) this.fade.wake();
    this.#wasPhase = watch.session.phase;
    this.#draw();
  }

  #draw() {
    const range = this.#watch.range();
    const { session } = this.#watch;
    const behind_s = this.#watch.behind_s();
    const live = session.phase === 'playing' && session.intent === 'live' && !session.over && behind_s < AT_LIVE_S;
    this.#at.stage.dataset.phase = session.phase;
    this.#at.stage.toggleAttribute('data-live', live);
    this.#at.stage.toggleAttribute('data-opened', session.opened);
    this.#drawSentence(session);
    this.#drawTop(session, live, behind_s);
    this.#drawButtons(session, live);
    this.scrub.draw(range, this.#video.currentTime, this.#video.currentTime + this.#watch.ahead_s());
    put(this.#at.moment, this.#video.dataset.seen === undefined ? '' : timeOfDay(this.#watch.dateOf(this.#video.currentTime)));
  }

  #drawSentence(session) {
    const { sentence, tap, note } = this.#at;
    const { key, sentence: text, note: also } = this.#watch.status();
    if (key) this.#write(text);
    this.#drawNote(note, key ? null : also);
    sentence.toggleAttribute('data-shown', Boolean(key));
    sentence.toggleAttribute('data-waiting', Boolean(key) && !FINAL.has(key));
    const wanted = key ? null : session.blocked ? 'play' : this.#soundless(session) ? null : 'sound';
    if (wanted && tap.dataset.kind !== wanted) {
      tap.replaceChildren(svg(wanted === 'sound' ? 'muted' : 'play'), SMALL[wanted]);
      tap.dataset.kind = wanted;
    }
    tap.hidden = !wanted;
    if (wanted) this.#tapSince_ms ??= performance.now();
    tap.toggleAttribute('data-old', wanted === 'sound' && performance.now() - this.#tapSince_ms > PILL_MS);
  }

  #soundless(session) {
    return session.phase !== 'playing' || !this.#video.muted || this.tapped || this.#watch.note() === 'picture_only';
  }

  /* a note stays while what it says is asked for, else long enough to be read */
  #drawNote(element, text) {
    if (text !== this.#noted.text) this.#noted = { text, at_ms: performance.now() };
    if (text) put(element, text);
    const lasts = this.#watch.session.blocked || this.#watch.note() === 'sound_only';
    element.toggleAttribute('data-shown', Boolean(text) && (lasts || performance.now() - this.#noted.at_ms < NOTE_MS));
  }

  /* what is happening stands out, what comes next stands below it */
  #write(text) {
    if (this.#at.sentence.textContent === text) return;
    const [now, next] = text.split(/(?<=;) /);
    const soft = document.createElement('span');
    soft.textContent = next ? ` ${next}` : '';
    this.#at.sentence.replaceChildren(now, soft);
  }

  #drawTop(session, live, behind_s) {
    const { title, badge, latency } = this.#at;
    const name = this.#watch.player?.title() ?? nameOf(this.#event);
    put(title, name);
    const kind = live ? 'live' : session.over ? 'over' : session.opened && this.#video.dataset.seen !== undefined ? 'behind' : null;
    badge.hidden = kind === null;
    badge.dataset.kind = kind ?? '';
    put(badge, { live: SMALL.live, over: this.#over(), behind: `−${span(behind_s)}` }[kind] ?? '');
    const stats = this.#watch.stats();
    latency.hidden = !live || stats.latency_ms === null;
    if (!latency.hidden) put(latency.firstElementChild, `${(stats.latency_ms / 1000).toFixed(1)} s`);
    this.numbers.draw(stats);
    const page = live ? `● ${name}` : name;
    if (document.title !== page) document.title = page;
  }

  #over() {
    return this.#watch.replay ? SMALL.replay : SMALL.over;
  }

  #drawButtons(session, live) {
    const { play, mute, volume, live: goLive, captions, quality, full } = this.#at;
    const { player } = this.#watch;
    const still = this.#video.paused;
    icon(play, still ? 'play' : 'pause');
    play.setAttribute('aria-label', still ? 'Play' : 'Pause');
    play.disabled = !session.opened;
    const silent = this.#video.muted || this.#video.volume === 0;
    icon(mute, silent ? 'muted' : 'sound');
    mute.setAttribute('aria-label', silent ? 'Sound on' : 'Sound off');
    volume.value = silent ? 0 : this.#video.volume;
    volume.style.setProperty('--fill', volume.value);
    goLive.toggleAttribute('data-live', live);
    goLive.disabled = !session.opened || session.over;
    put(goLive.lastElementChild, live ? SMALL.live : session.over ? this.#over() : SMALL.go_live);
    captions.disabled = !player?.captions().length;
    quality.disabled = (player?.rungs().length ?? 0) < 2;
    put(quality, player?.chosen() === null || !player ? 'Auto' : (player.rung()?.label ?? 'Auto'));
    icon(full, document.fullscreenElement ? 'small' : 'full');
    full.setAttribute('aria-label', document.fullscreenElement ? 'Leave full screen' : 'Full screen');
  }
}

/* a browser may forbid remembering: then the volume starts full */
function remembered() {
  try {
    const volume = Number(localStorage.getItem('volume') ?? 1);
    return volume >= 0 && volume <= 1 ? volume : 1;
  } catch {
    return 1;
  }
}

function remember(volume) {
  try {
    localStorage.setItem('volume', String(volume));
  } catch {
    // nothing depends on it
  }
}

function svg(name) {
  const [root, use] = ['svg', 'use'].map((tag) => document.createElementNS('http://www.w3.org/2000/svg', tag));
  use.setAttribute('href', `#i-${name}`);
  root.append(use);
  return root;
}

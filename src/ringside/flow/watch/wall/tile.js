/* One screen of the wall: a RingsidePlayer, and under its picture who plays, how late, and how far from the common moment. */
import { RingsidePlayer } from '../embed/ringside.js';
import { seconds } from '../controls/text.js';
import { labelOf, medianOf, signed, toneOf } from './plan.js';
import { Trace } from './trace.js';

const READINGS = 5;

const put = (element, text) => element.textContent !== text && (element.textContent = text);

export class Tile {
  #options;
  #at;
  #trace;
  #readings = [];
  #fetched = false;

  /** `options` are {name, origin, event, target_s}; `template` is cloned into `wall`; `pick(tile)` when somebody wants its sound. */
  constructor(number, options, template, pick) {
    this.#options = options;
    this.root = template.content.firstElementChild.cloneNode(true);
    const find = (one) => this.root.querySelector(one);
    this.#at = {
      video: find('video'), freeze: find('.freeze'), sentence: find('.sentence'), path: find('.path'), edge: find('.edge'),
      latency: find('.latency'), offset: find('.offset b'), sound: find('.sound'), number: find('.number'), state: find('.state'),
    };
    this.#trace = new Trace(find('.trace'));
    put(this.#at.number, String(number));
    this.root.addEventListener('click', () => pick(this));
    this.root.addEventListener('keydown', (event) => event.key === 'Enter' && pick(this));
    this.#open(false);
  }

  #open(sound) {
    const { name, origin, event, target_s } = this.#options;
    this.sounds = sound;
    this.#at.video.muted = !sound;
    this.player = new RingsidePlayer(this.#at.video, {
      url: `${origin}/live/${encodeURIComponent(event)}/`, player: name, sound, target_s, past: false, freeze: this.#at.freeze,
    });
  }

  /** With sound or without; only what is heard is fetched. */
  async hear(sound) {
    if (sound === this.sounds) return;
    this.sounds = sound;
    if (sound && this.#fetched) this.#at.video.muted = false;
    else if (sound) {
      this.#fetched = true;
      await this.player.destroy();
      this.#open(true);
    } else this.#at.video.muted = true;
  }

  /** Milliseconds from the common moment (positive: later), from the picture where it carries a strip; NaN before known. */
  get offset_ms() {
    return medianOf(this.#readings.map(({ offset_ms }) => offset_ms));
  }

  /** Whether the offset was read on the picture itself. */
  get pictured() {
    return this.#readings.at(-1)?.pictured ?? false;
  }

  /** Read, at one moment for all tiles; `target_ms` is the common one. */
  read(target_ms) {
    const stats = this.player.stats();
    const moves = ['playing', 'stalled'].includes(stats.state) && Number.isFinite(stats.latency_ms) && stats.latency_ms !== null;
    const reading = { offset_ms: moves ? stats.latency_ms - target_ms : NaN, pictured: stats.latency_source === 'picture' };
    this.#readings = moves ? [...this.#readings, reading].slice(-READINGS) : [];
    return stats;
  }

  /** Show what was read. */
  draw(stats) {
    const { offset_ms } = this;
    const tone = toneOf(offset_ms);
    const { sentence, note } = this.player.status();
    this.root.dataset.tone = tone;
    this.root.toggleAttribute('data-sounds', this.sounds);
    const fell = stats.path && labelOf(this.#options.name) !== labelOf(stats.path) && this.#options.name !== 'auto';
    const { host } = new URL(this.#options.origin);
    put(this.#at.path, labelOf(stats.path ?? this.#options.name));
    put(this.#at.edge, fell ? `for ${labelOf(this.#options.name)} · ${host}` : host);
    put(this.#at.latency, seconds(stats.latency_ms));
    put(this.#at.offset, signed(offset_ms));
    put(this.#at.state, stats.stalls ? `· ${stats.stalls} ${stats.stalls === 1 ? 'stall' : 'stalls'}` : '');
    put(this.#at.sentence, sentence ?? note ?? '');
    this.root.toggleAttribute('data-says', Boolean(sentence ?? note));
    this.#trace.add(offset_ms, tone);
  }
}

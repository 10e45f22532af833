/* The way the picture comes: opens the player of the path that the ladder chose, and asks after better ones.

   In go the session's wishes (load, retry, recover) and what players tell; out go the inputs that the session must hear.
   It decides nothing: embed/ladder.js does. */
import { abilities, open, pathsFor } from '../player/index.js';
import { offers } from '../player/probe.js';
import { begin, isPresentOnly, pathOf, step } from './ladder.js';

const CODE_AGAIN_MS = 1000;
const CODE_TRIES = 3;

export class Way {
  #options;
  #tell;
  #onOpen;
  #state = null;
  #player = null;
  #turn = 0;

  /** `options` go to the player; `tell(input)` hears what the session must know; `onOpen()` comes before each new player. */
  constructor({ options, tell, onOpen }) {
    [this.#options, this.#tell, this.#onOpen] = [options, tell, onOpen];
  }

  /** Take the first path of what was asked; tells `unsupported` when this browser has none. */
  start(asked) {
    const paths = pathsFor(asked, abilities(this.#options.video));
    if (!paths.length) return this.#tell({ type: 'unsupported' });
    this.#state = begin(paths, performance.now());
    return this.#open(paths[0]);
  }

  get player() {
    return this.#player;
  }

  /** The name asked by, as in `?player=`: push, hls …; null where nothing can play. */
  get name() {
    return this.#state && pathOf(this.#state);
  }

  /** Whether what lies back, which is played `by` dvr or hls, is had by another path than the one in use. */
  presentOnly(by) {
    return this.#state !== null && by !== null && isPresentOnly(this.#state, by);
  }

  /** One input for the ladder → whether the session need not hear of it. */
  take(input) {
    if (!this.#state) return false;
    const { state, go, probe, kept } = step(this.#state, input, performance.now(), Math.random());
    this.#state = state;
    if (probe) this.#probe(probe);
    if (go) this.#open(go);
    return kept;
  }

  async #probe(names) {
    let found = null;
    for (const name of names) found ??= (await offers(name, this.#options.base)) ? name : null;
    this.take({ type: 'probed', name: found });
  }

  async #open(name) {
    this.#turn += 1;
    const turn = this.#turn;
    const tell = (input) => turn === this.#turn && this.#hear(input);
    const old = this.#player;
    this.#onOpen();
    this.#player = null;
    this.#tell({ type: 'moved' });
    await old?.destroy();
    const player = await this.#code(name, { ...this.#options, tell }, turn);
    if (turn !== this.#turn) return player?.destroy();
    if (!player) return this.#hear({ type: 'failed', kind: 'network', status: 0 });
    this.#player = player;
    return player.load();
  }

  /* a player's own code may not arrive at once; the only path has nothing to give way to and tries for ever */
  async #code(name, options, turn) {
    for (let tries = 1; turn === this.#turn; tries += 1) {
      const player = await open(name, options).catch(() => null);
      if (player || (tries >= CODE_TRIES && this.#state.paths.length > 1)) return player;
      await new Promise((wake) => setTimeout(wake, CODE_AGAIN_MS * (1 + Math.random() * 2)));
    }
    return null;
  }

  #hear(input) {
    if (!this.take(input)) this.#tell(input);
  }

  /** The session starts over: by this path, or by the best again when none could be had. */
  load() {
    if (this.take({ type: 'restart' })) return;
    this.#onOpen();
    if (this.#player) this.#player.load();
    else if (this.#state) this.#open(this.name);
  }

  retry() {
    if (this.#player) this.#player.retry();
    else this.load();
  }

  recover() {
    this.#onOpen();
    this.#player?.recover();
  }

  async destroy() {
    this.#turn += 1;
    this.#state = null;
    const old = this.#player;
    this.#player = null;
    await old?.destroy();
  }
}

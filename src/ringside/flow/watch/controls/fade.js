/* Controls are there when wanted: any movement brings them, a while without one takes them away. */

const LINGER_MS = 2800;

export class Fade {
  #stage;
  #stay;
  #timer = 0;

  /** `stay()` is true while they must not go: paused, a menu open, a finger on the bar. */
  constructor(stage, stay) {
    this.#stage = stage;
    this.#stay = stay;
    for (const type of ['pointermove', 'pointerdown', 'keydown', 'focusin']) {
      stage.ownerDocument.addEventListener(type, (event) => event.pointerType !== 'touch' && this.wake());
    }
    stage.ownerDocument.documentElement.addEventListener('pointerleave', () => this.#rest());
    this.wake();
  }

  get idle() {
    return 'idle' in this.#stage.dataset;
  }

  wake() {
    delete this.#stage.dataset.idle;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#rest(), LINGER_MS);
  }

  /** A tap on the picture: away if there, there if away. */
  toggle() {
    if (this.idle) this.wake();
    else this.#rest();
  }

  #rest() {
    const focused = this.#stage.querySelector('.bottom :focus-visible');
    if (this.#stay() || focused) this.wake();
    else this.#stage.dataset.idle = '';
  }
}

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

  /* A finger leaves its `:hover` behind where it last tapped; only a mouse's means that somebody is about to click. */
  get #wanted() {
    const hovered = matchMedia('(hover: hover)').matches && this.#stage.querySelector('.bottom:hover');
    return hovered || this.#stage.querySelector('.bottom :focus-visible');
  }

  #rest() {
    if (this.#stay() || this.#wanted) this.wake();
    else this.#stage.dataset.idle = '';
  }
}

/* One menu at a time: a heading and choices of which one is set. Keyboard: arrows, Enter, Escape. */

export class Menu {
  #root;
  #opener = null;

  constructor(root) {
    this.#root = root;
    root.addEventListener('keydown', (event) => this.#key(event));
    document.addEventListener('pointerdown', (event) => {
      if (this.open && !root.contains(event.target) && !this.#opener.contains(event.target)) this.close();
    });
  }

  get open() {
    return this.#opener !== null;
  }

  /** Show under `opener`, or close when it is that menu already. Choices are {label, note, set, choose}. */
  toggle(opener, heading, choices) {
    const again = this.#opener === opener;
    this.close();
    if (again) return;
    const title = document.createElement('h2');
    title.textContent = heading;
    this.#root.replaceChildren(title, ...choices.map((choice) => this.#item(choice)));
    this.#root.setAttribute('aria-label', heading);
    this.#root.hidden = false;
    this.#opener = opener;
    opener.setAttribute('aria-expanded', 'true');
    (this.#root.querySelector('[aria-checked="true"]') ?? this.#root.querySelector('button')).focus({ focusVisible: false });
  }

  #item({ label, note, set, choose }) {
    const button = document.createElement('button');
    const small = document.createElement('small');
    small.textContent = note ?? '';
    button.type = 'button';
    button.setAttribute('role', 'menuitemradio');
    button.setAttribute('aria-checked', String(Boolean(set)));
    button.append(label, small);
    button.addEventListener('click', () => {
      choose();
      this.close();
    });
    return button;
  }

  close() {
    if (!this.open) return;
    this.#root.hidden = true;
    this.#opener.setAttribute('aria-expanded', 'false');
    if (this.#root.contains(document.activeElement)) this.#opener.focus({ focusVisible: false });
    this.#opener = null;
  }

  #key(event) {
    const items = [...this.#root.querySelectorAll('button')];
    const at = items.indexOf(document.activeElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (event.key === 'Escape') this.close();
    else if (next !== undefined) items.at(next % items.length).focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

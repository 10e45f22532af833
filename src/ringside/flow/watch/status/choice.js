/* What an operator sees of his order and orders: the buttons beside the inputs, the words about them, and the dialog that
   asks for the token. `at` has the page's elements by their ids. */
import { orderOf } from './depth.js';
import { pick } from './history.js';
import { Operator } from './operator.js';

const BEST = ''; // the order of the button that gives the choice back

/** Which buttons are pressed, and what stands beside them. */
export function choice(at, message) {
  const forced = pick(message, 'source', 'forced');
  for (const one of at.depth.querySelectorAll('[data-order], #choices button')) {
    const order = one.dataset.order ?? BEST;
    one.setAttribute('aria-pressed', String((forced ?? BEST) === order));
    if (one.parentElement.tagName === 'TD') one.setAttribute('aria-label', `${one.textContent}: ${order}`);
  }
  const words = orderOf(message);
  if (at.order.textContent !== words) at.order.textContent = words;
}

/** Take orders; `event` tells of which. → the operator. */
export function listen(at, event) {
  const say = (words) => {
    at.refusal.textContent = words;
    at.refusal.hidden = !words;
  };
  const operator = new Operator((why) => ask(at, why), say);
  at.depth.addEventListener('click', ({ target }) => {
    const pressed = target.closest('button[aria-pressed]');
    if (pressed) operator.order(event(), pressed.dataset.order || null);
  });
  return operator;
}

/** The token that a person writes into the dialog, or null. */
function ask(at, why) {
  const [dialog, field] = [at.token, at.token.querySelector('input')];
  at['token-why'].textContent = why;
  field.value = '';
  dialog.returnValue = '';
  dialog.showModal();
  field.focus();
  return new Promise((answer) => {
    dialog.addEventListener('close', () => answer(dialog.returnValue === 'give' ? field.value.trim() || null : null), { once: true });
  });
}

/* The keyboard: which key does what. */

export const KEYS = {
  ' ': 'toggle', k: 'toggle', m: 'mute', f: 'full', l: 'live', End: 'live', Home: 'first', e: 'engineer', c: 'captions',
  ArrowLeft: 'back', j: 'back', ArrowRight: 'forward', ArrowUp: 'louder', ArrowDown: 'softer',
};

/** Call `verbs[verb]()` for each key of the table, unless it belongs to a field, a menu or a focused button. */
export function listen(verbs) {
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches('input') && event.key.startsWith('Arrow')) return;
    if (event.target.matches('button') && event.key === ' ') return;
    const verb = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!verb || (event.repeat && !['back', 'forward', 'louder', 'softer'].includes(verb))) return;
    event.preventDefault();
    verbs[verb]();
  });
}

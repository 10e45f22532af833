/* The operator's orders: which input is on the air. The token comes in the address behind #, which no browser sends to a
   server, or is asked for once; it is kept for as long as the tab is open, and goes nowhere but into the order's head. */

const KEPT = 'ringside-token';
const PATIENCE_MS = 5000;
const LONGEST = 300;

/** The token out of the address, which then no longer shows it. */
function given() {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token === null) return;
  sessionStorage.setItem(KEPT, token);
  history.replaceState(null, '', location.pathname + location.search);
}

export class Operator {
  /** `ask(why)` → the token that a person gives, or null; `say(sentence)` shows what came of an order. */
  constructor(ask, say) {
    given();
    window.addEventListener('hashchange', given);
    this.ask = ask;
    this.say = say;
    this.busy = false;
    this.next = null;
  }

  /** Put an input of `event` on the air: its name, `slate`, or null for the best. Of orders that wait the last counts. */
  async order(event, source) {
    this.next = { event, source };
    if (this.busy) return;
    this.busy = true;
    try {
      while (this.next) {
        const wanted = this.next;
        this.next = null;
        await this.#order(wanted.event, wanted.source);
      }
    } finally {
      this.busy = false;
    }
  }

  async #order(event, source) {
    for (let why = 'Who says what is on the air needs the ingest token.'; ; why = 'The origin does not know this token.') {
      const token = sessionStorage.getItem(KEPT) ?? (await this.ask(why));
      if (!token) return;
      const answer = await send(event, source, token);
      if (answer.status !== 401 && answer.status !== 403) {
        if (answer.ok) sessionStorage.setItem(KEPT, token);
        this.say(answer.ok ? '' : answer.words);
        return;
      }
      sessionStorage.removeItem(KEPT);
    }
  }
}

async function send(event, source, token) {
  try {
    const response = await fetch(`/ingest/${encodeURIComponent(event)}/source`, {
      method: 'PUT',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ source }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const words = (await response.text()).trim().slice(0, LONGEST);
    return { ok: response.ok, status: response.status, words: words || `The origin answered ${response.status}.` };
  } catch {
    return { ok: false, status: 0, words: 'The origin did not answer; nothing was ordered.' };
  }
}

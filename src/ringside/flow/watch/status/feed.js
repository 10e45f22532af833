/* The stream of messages, whatever happens to the connection: {state, message, waited_s} to one listener.
   States: connecting, open, lost. The browser reconnects a broken stream; one it gave up on is opened anew, and
   so is one that says nothing for a while. */

const SILENT_MS = 6000;
const CHECK_MS = 1000;

export class Feed {
  #url;
  #tell;
  #source = null;
  #heard_ms = performance.now();
  #retry_ms = 0;
  #ever = false;

  constructor(url, tell) {
    this.#url = url;
    this.#tell = tell;
    this.#open();
    setInterval(() => this.#check(), CHECK_MS);
  }

  #open() {
    this.#source?.close();
    this.#source = new EventSource(this.#url);
    this.#source.addEventListener('message', ({ data }) => this.#heard(data));
    this.#source.addEventListener('error', () => this.#lost());
    this.#retry_ms = performance.now() + SILENT_MS * (0.5 + Math.random() / 2);
  }

  #heard(data) {
    this.#heard_ms = performance.now();
    this.#ever = true;
    try {
      this.#tell({ state: 'open', message: JSON.parse(data) });
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error; // half a message is no message
    }
  }

  #lost() {
    this.#tell({ state: this.#ever ? 'lost' : 'connecting', waited_s: (performance.now() - this.#heard_ms) / 1000 });
  }

  #check() {
    const now_ms = performance.now();
    if (now_ms - this.#heard_ms < SILENT_MS / 2) return;
    this.#lost();
    const given_up = this.#source.readyState === EventSource.CLOSED;
    if ((given_up || now_ms - this.#heard_ms > SILENT_MS) && now_ms > this.#retry_ms) this.#open();
  }
}

// Reports the context time at which a tone begins after at least 300 ms of quiet.
class Onset extends AudioWorkletProcessor {
  quiet = 0;
  process([input], [output]) {
    const channel = input[0];
    if (!channel) return true;
    for (let i = 0; i < channel.length; i += 1) {
      if (Math.abs(channel[i]) > 0.02) {
        if (this.quiet > 0.3 * sampleRate) this.port.postMessage(currentTime + i / sampleRate);
        this.quiet = 0;
      } else {
        this.quiet += 1;
      }
    }
    for (const out of output) out.set(channel);
    return true;
  }
}
registerProcessor("onset", Onset);

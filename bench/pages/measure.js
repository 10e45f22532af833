// Measures a playing <video> from its pixels and its sound, whatever plays it.
//
// Latency: the strip on each displayed frame gives its capture time; expectedDisplayTime says when it is seen.
// Behind: the same by the player's own account, its playhead's date against the clock, four times a second.
// Sound: the beep starts on the UTC second, as the flash does; the difference of their onsets is the A/V offset.
import { StripReader } from "/watch/strip.js";

const wall = (at) => Date.now() - (performance.now() - at);

export function start(video, options) {
  const samples = { frames: 0, read: 0, latency_ms: [], gaps: 0, stalls: 0, stall_ms: 0, notes: {}, rungs: [], beeps: [], flashes: [], first_ms: 0,
    attached_ms: 0, steps: {}, behind_ms: [] };
  const strip = new StripReader();
  let waitingSince = 0;
  let lastCapture = 0;

  function look(_, metadata) {
    samples.frames += 1;
    samples.first_ms ||= performance.now();
    const capture = strip.read(video);
    if (capture !== null) {
      samples.read += 1;
      samples.latency_ms.push(Math.round(wall(metadata.expectedDisplayTime) - capture));
      if (Math.floor(capture / 1000) !== Math.floor(lastCapture / 1000) && capture - lastCapture < 200) {
        samples.flashes.push([Math.floor(capture / 1000), wall(metadata.expectedDisplayTime) - (capture % 1000)]);
      }
      lastCapture = capture;
    }
    video.requestVideoFrameCallback(look);
  }
  video.requestVideoFrameCallback(look);

  video.addEventListener("waiting", () => { if (samples.frames) { samples.stalls += 1; waitingSince = performance.now(); } });
  video.addEventListener("playing", () => { if (waitingSince) samples.stall_ms += performance.now() - waitingSince; waitingSince = 0; });
  for (const step of ["loadedmetadata", "loadeddata", "canplay", "playing"]) {
    video.addEventListener(step, () => { samples.steps[step] = performance.now(); }, { once: true });
  }
  let playhead = () => null;
  setInterval(() => {
    const date_ms = samples.frames && !video.paused && video.readyState > 2 ? playhead() : null;
    if (date_ms) samples.behind_ms.push(Date.now() - date_ms);
  }, 250);
  if (options.sound) listen(video, samples);

  return {
    samples,
    attached(dateOfPlayhead) { samples.attached_ms = performance.now(); playhead = dateOfPlayhead; },
    note(text) { samples.notes[text] = (samples.notes[text] || 0) + 1; },
    rung(height) { samples.rungs.push(height); },
    failed(text) { samples.notes[`failed: ${text}`] = 1; },
    reset() { samples.latency_ms.length = 0; samples.behind_ms.length = 0; samples.stalls = 0; samples.stall_ms = 0; samples.frames = 0; samples.read = 0; },
  };
}

async function listen(video, samples) {
  video.muted = false;
  const audio = new AudioContext();
  await audio.audioWorklet.addModule("./onset.js");
  const node = new AudioWorkletNode(audio, "onset");
  audio.createMediaElementSource(video).connect(node);
  node.connect(audio.destination);
  node.port.onmessage = (event) => {
    const stamp = audio.getOutputTimestamp();
    samples.beeps.push(wall(stamp.performanceTime + (event.data - stamp.contextTime) * 1000));
  };
  await audio.resume();
}

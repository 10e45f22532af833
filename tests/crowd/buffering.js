/* How much media Chromium wants ahead before it plays: fed a frame after another, it starts, runs dry, goes on.
   → seconds ahead at the start and after each of `stalls` stalls. */
async ({ video: clip, audio: sound, stalls }) => {
  const bytes = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
  const video = document.createElement('video');
  video.muted = video.autoplay = true;
  document.body.append(video);
  const source = new MediaSource();
  video.src = URL.createObjectURL(source);
  await new Promise((done) => source.addEventListener('sourceopen', done, { once: true }));
  source.duration = Infinity;

  const track = async (buffer, { init, frames, frame_s }) => {
    const append = (piece) => new Promise((done, failed) => {
      buffer.addEventListener('updateend', done, { once: true });
      buffer.addEventListener('error', failed, { once: true });
      buffer.appendBuffer(bytes(piece));
    });
    await append(init);
    let next = 0;
    return async (until_s) => {
      while ((next + 1) * frame_s <= until_s + 1e-9) await append(frames[next++]);
    };
  };
  const tracks = [clip, sound];
  const buffers = tracks.map(({ type }) => source.addSourceBuffer(type)); // none may be added once one has media
  const feeds = [];
  for (const [at, buffer] of buffers.entries()) feeds.push(await track(buffer, tracks[at]));
  let fed_s = 0;
  let plays = false;
  video.addEventListener('playing', () => { plays = true; });
  video.addEventListener('waiting', () => { plays = false; });

  const ahead = [];
  while (ahead.length <= stalls) {
    const from_s = fed_s; // it has played to here: its clock may say a little less
    while (!plays && fed_s - from_s < 5) {
      fed_s += 0.04;
      for (const feed of feeds) await feed(fed_s);
      await sleep(80);
    }
    ahead.push(fed_s - from_s);
    while (plays) await sleep(20);
  }
  return ahead;
}

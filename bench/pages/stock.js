// Attaches a stock player, in its default configuration, to a video element.

function script(src) {
  return new Promise((resolve, reject) => {
    const element = document.createElement("script");
    element.src = src;
    element.onload = resolve;
    element.onerror = () => reject(new Error(`${src} could not be loaded`));
    document.head.append(element);
  });
}

const players = {
  async file(_, video) {
    video.src = "/out/control.mp4";
    video.loop = true;
    await video.play();
  },
  async hls(url, video) {
    await script("/modules/hls.js/dist/hls.min.js");
    const hls = new Hls();
    hls.on(Hls.Events.ERROR, (_, data) => window.measured.note(`${data.details}${data.fatal ? " (fatal)" : ""}`));
    hls.on(Hls.Events.LEVEL_SWITCHED, (_, data) => window.measured.rung(hls.levels[data.level].height));
    window.measured.attached(() => hls.playingDate?.getTime());
    hls.loadSource(`${url}/index.m3u8`);
    hls.attachMedia(video);
    await video.play();
  },
  async dash(url, video) {
    await script("/modules/dashjs/dist/modern/umd/dash.all.min.js");
    const player = dashjs.MediaPlayer().create();
    player.updateSettings({ debug: { logLevel: 0 } });
    player.on("error", (event) => window.measured.note(`${event.error?.code} ${event.error?.message}`));
    window.measured.attached(() => Date.now() - player.getCurrentLiveLatency() * 1000);
    player.initialize(video, `${url}/index.mpd`, true);
  },
  async shaka(url, video) {
    await script("/modules/shaka-player/dist/shaka-player.compiled.js");
    const player = new shaka.Player();
    player.addEventListener("error", (event) => window.measured.note(`shaka ${event.detail.code}`));
    await player.attach(video);
    await player.load(`${url}/index.mpd`);
    await video.play();
  },
};

export async function attach(name, url, video) {
  if (!players[name]) throw new Error(`there is no player called ${name}`);
  await players[name](url, video);
}

/* What an event offers, as its multivariant playlist says it (rfc8216bis §4.4.6). Pure: text in, tracks out.

   A track is `{ name, kind, codec, bps, height, fps, url }`: `name` is the folder of its playlist, `url` that folder;
   `kind` is video or audio, `codec` an RFC 6381 name or null, `bps` the variant's peak. */

const TITLE_ID = 'ringside.title';
const PICTURES = /^(avc|hvc|hev|dvh|dva|av01|vp0)/;

/** `A=1,B="x,y"` → `{A: '1', B: 'x,y'}`. */
export function attributes(text) {
  const found = {};
  for (const [, name, quoted, plain] of text.matchAll(/([A-Z0-9-]+)=(?:"([^"]*)"|([^,]*))/g)) found[name] = quoted ?? plain;
  return found;
}

function track(uri, base, more) {
  const url = new URL('.', new URL(uri, base)).href;
  const name = decodeURIComponent(url.split('/').at(-2));
  return { name, url, codec: null, bps: null, height: null, fps: null, ...more };
}

function variant(attrs, uri, base) {
  const codecs = (attrs.CODECS ?? '').split(',').map((codec) => codec.trim()).filter(Boolean);
  const picture = codecs.find((codec) => PICTURES.test(codec)) ?? null;
  const sound = codecs.find((codec) => !PICTURES.test(codec)) ?? null;
  const kind = picture || attrs.RESOLUTION ? 'video' : 'audio';
  const height = Number(attrs.RESOLUTION?.split('x')[1]) || null;
  const made = track(uri, base, {
    kind, codec: kind === 'video' ? picture : sound, bps: Number(attrs.BANDWIDTH) || null, height, fps: Number(attrs['FRAME-RATE']) || null,
  });
  return { made, sound, group: attrs.AUDIO ?? null };
}

/** Playlist text and its URL → `{ title, video, audio }`: tracks in the playlist's order, the first of each its first choice. */
export function parse(text, base) {
  const lines = text.split(/\r?\n/);
  const [video, audio, media] = [[], [], []];
  let [title, sound] = [null, null];
  lines.forEach((line, at) => {
    const [tag, rest] = [line.split(':', 1)[0], line.slice(line.indexOf(':') + 1)];
    if (tag === '#EXT-X-SESSION-DATA' && attributes(rest)['DATA-ID'] === TITLE_ID) title = attributes(rest).VALUE ?? null;
    if (tag === '#EXT-X-MEDIA') media.push(attributes(rest));
    if (tag !== '#EXT-X-STREAM-INF') return;
    const uri = lines.slice(at + 1).find((next) => next && !next.startsWith('#'));
    if (!uri) return;
    const found = variant(attributes(rest), uri, base);
    sound ??= found.sound;
    (found.made.kind === 'video' ? video : audio).push(found.made);
  });
  const renditions = media.filter(({ TYPE, URI }) => TYPE === 'AUDIO' && URI);
  renditions.sort((a, b) => (b.DEFAULT === 'YES') - (a.DEFAULT === 'YES'));
  if (video.length) audio.push(...renditions.map(({ URI }) => track(URI, base, { kind: 'audio', codec: sound })));
  return { title, video: unique(video), audio: unique(audio) };
}

const unique = (tracks) => tracks.filter(({ name }, at) => tracks.findIndex((one) => one.name === name) === at);

/** The rungs a video element of so many pixels can show, best last; at least the lowest. */
export function fitting(tracks, pixels) {
  const up = [...tracks].sort((a, b) => (a.bps ?? 0) - (b.bps ?? 0));
  const enough = up.findIndex(({ height }) => (height ?? 0) >= pixels);
  return pixels > 0 && enough >= 0 ? up.slice(0, enough + 1) : up;
}

/** The newest objects a media playlist lists, oldest first: parts, or segments where there are none. */
export function newest(text, url, count) {
  const parts = [...text.matchAll(/^#EXT-X-PART:(.*)$/gm)].map(([, rest]) => attributes(rest)).filter(({ URI, BYTERANGE }) => URI && !BYTERANGE);
  const names = parts.length ? parts.map(({ URI }) => URI) : text.split(/\r?\n/).filter((line) => line && !line.startsWith('#')).slice(-1);
  return names.slice(-count).map((uri) => new URL(uri, url).href);
}

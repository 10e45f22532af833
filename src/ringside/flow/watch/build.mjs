/* Bundles the pages and the player that others embed: in go pages/, stage/, wall/, embed/, player/ and status/; out comes
   dist/, self-hosted and complete.

   Bundles have hashed names, so that they may be cached for ever; each page names its own. Each path's player is split
   off and travels only to those who play by it; a bundle names its chunks relative to itself, so that a page of another
   origin finds them too. No source map: the modules are small and public. */
import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, basename } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const out = process.env.RINGSIDE_WATCH_DIST ?? join(here, 'dist');
const made = `${out}.making`;

const PAGES = [
  { page: 'watch.html', entry: 'stage/watch.js', style: 'pages/watch.css' },
  { page: 'wall.html', entry: 'wall/wall.js', style: 'pages/wall.css' },
  { page: 'status.html', entry: 'status/status.js', style: 'pages/status.css' },
];
const EMBED = 'embed/index.js';

/** Entry point of each bundle → its file name. */
async function bundle() {
  const { metafile } = await build({
    absWorkingDir: here,
    entryPoints: [EMBED, ...PAGES.flatMap(({ entry, style }) => [entry, style])],
    outdir: join(made, 'assets'),
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    target: ['es2022'],
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    legalComments: 'none',
    logLevel: 'warning',
    metafile: true,
  });
  const names = new Map();
  for (const [file, { entryPoint }] of Object.entries(metafile.outputs)) {
    if (entryPoint) names.set(entryPoint, basename(file));
  }
  return names;
}

/** The decoder test of strip and clock, for pages of other people: stock players in the benches import it. */
async function probe() {
  const { outputFiles } = await build({
    absWorkingDir: here,
    entryPoints: ['sync/index.js'],
    bundle: true,
    minify: true,
    format: 'esm',
    target: ['es2022'],
    write: false,
  });
  await writeFile(join(made, 'assets', 'sync.js'), outputFiles[0].contents);
}

/* The one name that other people's pages know: nothing imports it, so it may be called what they call it. */
async function embed(names) {
  await rename(join(made, 'assets', names.get(EMBED)), join(made, 'assets', 'ringside-player.js'));
}

async function pages(names) {
  for (const { page, entry, style } of PAGES) {
    const html = await readFile(join(here, 'pages', page), 'utf8');
    const filled = html.replace('{{script}}', `/assets/${names.get(entry)}`).replace('{{style}}', `/assets/${names.get(style)}`);
    await writeFile(join(made, page), filled);
  }
}

await rm(made, { recursive: true, force: true });
await mkdir(join(made, 'assets'), { recursive: true });
const names = await bundle();
await pages(names);
await embed(names);
await probe();
await rm(out, { recursive: true, force: true });
await rename(made, out);
const digest = createHash('sha256').update(await readFile(join(out, 'watch.html'))).digest('hex').slice(0, 8);
console.log(`watch, wall and status pages built (${digest})`);

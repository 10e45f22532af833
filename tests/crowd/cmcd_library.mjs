/* The CMCD library that hls.js and dash.js are built with, asked for its encoding of one case per line of stdin.
   In: {data, version, url}. Out: {query, headers, issues}, where `issues` judges `check`, a URL that we made. */
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const entry = (name) => pathToFileURL(`${process.argv[2]}/@svta/${name}/dist/index.js`);
const cmcd = await import(entry('cml-cmcd'));

/* An inner list arrives as [[value, track], ...]. */
const revive = (data) => Object.fromEntries(Object.entries(data).map(([key, value]) => [
  key,
  Array.isArray(value) ? value.map(([item, track]) => cmcd.toCmcdValue(item, track ? { [track]: true } : undefined)) : value,
]));

for await (const line of createInterface({ input: process.stdin })) {
  const { data, version, url, check } = JSON.parse(line);
  const options = { version, reportingMode: 'request', baseUrl: url };
  const fields = revive(data);
  const issues = check
    ? cmcd.validateCmcdRequest(check.headers ? { url, headers: check.headers } : { url: check.url }, { version }).issues
    : [];
  const report = { query: cmcd.encodeCmcd(fields, options), headers: cmcd.toCmcdHeaders(fields, options), issues };
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

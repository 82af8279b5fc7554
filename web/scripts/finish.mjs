// After the build: keeps the first load within its budget and puts a compressed copy beside every file.
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const dist = new URL('../dist/', import.meta.url).pathname;

/** Bytes that a browser loads, compressed with gzip, before the first page stands. */
const BUDGET = 350_000;

const files = readdirSync(dist, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name));

for (const file of files) {
  if (!/\.(js|css|html|svg)$/.test(file)) continue;
  const bytes = readFileSync(file);
  writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 11,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  };
  writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params }));
}

// What index.html names, what that imports at once, and the fonts that every page uses.
const manifest = JSON.parse(readFileSync(join(dist, '.vite/manifest.json'), 'utf8'));
const first = new Set();
function need(key) {
  const chunk = manifest[key];
  if (!chunk || first.has(chunk.file)) return;
  first.add(chunk.file);
  for (const style of chunk.css ?? []) first.add(style);
  for (const other of chunk.imports ?? []) need(other);
}
need('index.html');
const size = (file) => gzipSync(readFileSync(join(dist, file)), { level: 9 }).length;
const fonts = files.map((file) => file.slice(dist.length)).filter((file) => /inter-latin-wght-normal.*woff2$/.test(file));
const total = [...first, ...fonts].reduce((sum, file) => sum + size(file), 0);
console.log(`first load: ${(total / 1000).toFixed(0)} KB of ${BUDGET / 1000} KB (gzip, with the font)`);
rmSync(join(dist, '.vite'), { recursive: true });
if (total > BUDGET) {
  console.error('the first load is over its budget');
  process.exit(1);
}

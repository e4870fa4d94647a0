// Puts the built files where browsers find them: named by what is in them, so that they may be kept for ever, and compressed beforehand.
// Usage: node publish.mjs FROM TO. Where FROM has storeside.js, storeside.css and storeside_bg.wasm, TO is the folder that is served.

import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants, brotliCompressSync, gzipSync } from 'node:zlib';

const [from, to] = process.argv.slice(2);
const pkg = join(to, 'pkg');
mkdirSync(pkg, { recursive: true });
for (const old of readdirSync(pkg)) rmSync(join(pkg, old));

const parts = { js: 'storeside.js', css: 'storeside.css', wasm: 'storeside_bg.wasm' };
const lines = Object.entries(parts).map(([kind, file]) => {
  const content = readFileSync(join(from, file));
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 12);
  const path = join(pkg, `storeside.${hash}.${kind}`);
  copyFileSync(join(from, file), path);
  const params = { [constants.BROTLI_PARAM_SIZE_HINT]: content.length, [constants.BROTLI_PARAM_QUALITY]: 11 };
  const small = brotliCompressSync(content, { params });
  writeFileSync(`${path}.br`, small);
  writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
  console.log(`${kind}: ${content.length} bytes, ${small.length} compressed`);
  return `${kind}: ${hash}`;
});
// The server reads the names from here.
writeFileSync(join(to, 'hash.txt'), `${lines.join('\n')}\n`);

// The test plan against the last results: which cases are covered by a test that passed.
//
// A test covers a case when it carries its id: `if_003_…` in the name of a Rust test, `PTL-007 …` in the title of a browser test.
// Prints the table and writes it to results/matrix.tsv; `--summary STATUS` prints only how many tests passed and failed.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { browserResults, rustResults } from './support/results.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const read = (path) => {
  try {
    return readFileSync(here(path), 'utf8');
  } catch {
    return '';
  }
};

const results = [...rustResults(read('results/cargo.txt')), ...browserResults(read('results/browser.json'))];
const summaryAt = process.argv.indexOf('--summary');
if (summaryAt > 0) {
  printSummary(Number(process.argv[summaryAt + 1] ?? 0));
} else {
  printMatrix();
}

function printSummary(status) {
  const passed = results.filter((it) => it.passed).length;
  const failed = results.length - passed;
  // A step that is no test (a lint, the build) failed: the line must not look green.
  const other = status !== 0 && failed === 0 ? 1 : 0;
  console.log(`${passed} passed, ${failed + other} failed${other ? ' (a step that is not a test; see above)' : ''}`);
}

function printMatrix() {
  const [, ...lines] = read('test-plan-cases.tsv').trimEnd().split('\n');
  const rows = lines.map((line) => {
    const [id, , title] = line.split('\t');
    const tests = results.filter((it) => it.ids.includes(id));
    const state = tests.length === 0 ? 'missing' : tests.every((it) => it.passed) ? 'passed' : 'failed';
    return { id, title, test: [...new Set(tests.map((it) => it.name))].join('; ') || '-', state };
  });

  const known = new Set(rows.map((it) => it.id));
  // `on_500` is no id: only a group of the list with a number outside it is a mistake.
  const groups = new Set(rows.map((it) => it.id.split('-')[0]));
  const isMistake = (id) => groups.has(id.split('-')[0]) && !known.has(id);
  const unknown = results.flatMap((it) => it.ids.filter(isMistake).map((id) => `${id} in ${it.name}`));
  const table = [['id', 'title', 'test', 'result'], ...rows.map((it) => [it.id, it.title, it.test, it.state])];
  mkdirSync(here('results'), { recursive: true });
  writeFileSync(here('results/matrix.tsv'), table.map((row) => `${row.join('\t')}\n`).join(''));

  for (const it of rows) console.log(`${it.id.padEnd(8)}${it.title.slice(0, 52).padEnd(54)}${it.state.padEnd(9)}${it.test}`);
  for (const it of unknown) console.log(`No such case: ${it}`);
  console.log(`${rows.filter((it) => it.state === 'passed').length} of ${rows.length}`);
  if (unknown.length > 0) process.exitCode = 1;
}

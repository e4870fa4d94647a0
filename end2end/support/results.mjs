// What the test programs wrote, as a list of { name, ids, passed }. A test that was skipped is not in it.

/** @param {string} text the output of `cargo test` */
export function rustResults(text) {
  const seen = new Map();
  for (const [, name, outcome] of text.matchAll(/^test (\S+).* \.\.\. (ok|FAILED)$/gm)) {
    // Two programs may have tests of one name; both must pass.
    seen.set(name, { name, ids: idsIn(name, /(?:^|[_:])([a-z]{2,4})_(\d{3})(?=_|$)/g), passed: outcome === 'ok' && (seen.get(name)?.passed ?? true) });
  }
  return [...seen.values()];
}

/** @param {string} text the report of Playwright's JSON reporter */
export function browserResults(text) {
  if (text === '') return [];
  const results = [];
  const walk = (suite) => {
    for (const inner of suite.suites ?? []) walk(inner);
    for (const { title, tests } of suite.specs ?? []) {
      for (const test of tests.filter((it) => it.status !== 'skipped')) {
        const ids = idsIn(title, /\b([A-Z]{2,4})-(\d{3})\b/g);
        results.push({ name: title, ids, passed: test.status === 'expected' });
      }
    }
  };
  for (const suite of JSON.parse(text).suites) walk(suite);
  return results;
}

const idsIn = (text, form) => [...text.matchAll(form)].map(([, group, number]) => `${group.toUpperCase()}-${number}`);

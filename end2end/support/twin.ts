// What the twin is told.

import { twinUrl } from './stack';

/** Posts `body` to one of the twin's controls, and gives its answer. */
export async function order(path: string, body: unknown) {
  const response = await fetch(twinUrl + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`the twin answered ${response.status} to ${path}: ${await response.text()}`);
  return response.json();
}

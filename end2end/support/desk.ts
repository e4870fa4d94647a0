// Staff, at their command line, against the store of these tests.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { clone, dataDir, portalUrl, storeside } from './stack';

/** Runs `storeside` with these words and the demo's settings. What it prints. */
export async function staff(...words: string[]): Promise<string> {
  const settings = [
    'DATABASE_URL=', `STORESIDE_DATA_DIR=${dataDir}`, `STORESIDE_PUBLIC_URL=${portalUrl}`, `STORESIDE_CLOCK=file:${dataDir}/clock`,
  ];
  const script = 'set -a; . ./.env.sample; exec env "$@"';
  const { stdout } = await promisify(execFile)('bash', ['-c', script, 'bash', ...settings, storeside, ...words], { cwd: clone });
  return stdout;
}

// The whole store, for these tests alone: its own ports, its own data folder and database, gone afterwards.

import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { PlaywrightTestConfig } from '@playwright/test';

export const clone = fileURLToPath(new URL('../..', import.meta.url));
const portal = '127.0.0.1:3100';
const twin = '127.0.0.1:4100';

export const portalUrl = `http://${portal}`;
export const twinUrl = `http://${twin}`;
export const dataDir = '.data/people';
export const mailDir = resolve(clone, dataDir, 'mail');

/** The binary: `make people` says where it is. */
export const storeside = process.env.STORESIDE ?? resolve(clone, 'target/debug/storeside');

export const stack: PlaywrightTestConfig['webServer'] = {
  name: 'storeside demo',
  command: `'${storeside}' demo`,
  cwd: clone,
  env: {
    STORESIDE_ADDR: portal,
    STORESIDE_DATA_DIR: dataDir,
    TWIN_ADDR: twin,
    TWIN_SMTP_ADDR: '127.0.0.1:4125',
    // As patient as tests must be on a busy machine.
    STORESIDE_GATE_BUDGET_MS: '10000',
    // Tests say from which network they come.
    STORESIDE_TRUSTED_PROXIES: '127.0.0.1/32',
    // Empty is unset: an embedded database, whatever the caller's own is.
    DATABASE_URL: '',
  },
  // The demo says so when everything runs, which is later than the first page.
  wait: { stdout: /Storeside runs\./ },
  timeout: 120_000,
  gracefulShutdown: { signal: 'SIGTERM', timeout: 60_000 },
  stdout: 'ignore',
  stderr: 'pipe',
};

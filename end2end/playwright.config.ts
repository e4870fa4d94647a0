import { defineConfig, devices } from '@playwright/test';

import { portalUrl, stack } from './support/stack';

/** Debian's Chromium, which takes what the distribution signs instead of a download of its own. */
const chromium = {
  browserName: 'chromium' as const,
  launchOptions: {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync',
    ],
  },
};
const desktop = { ...chromium, viewport: { width: 1280, height: 900 } };
const { defaultBrowserType: _, ...pixel } = devices['Pixel 7'];

const people = [
  { name: 'desktop', use: desktop },
  { name: 'phone', use: { ...pixel, ...chromium } },
  { name: 'desktop-no-js', use: { ...desktop, javaScriptEnabled: false } },
];
const everyday = people.map((it) => ({ ...it, testDir: './tests/shopper' }));
/** What changes the world for everybody waits until the others are done, and goes one at a time. */
const forEverybody = people.map((it, at) => ({
  ...it,
  name: `${it.name}, for everybody`,
  testDir: './tests/world',
  fullyParallel: false,
  dependencies: at === 0 ? people.map((other) => other.name) : [`${people[at - 1]!.name}, for everybody`],
}));

export default defineConfig({
  outputDir: './results/browser',
  // One stack for all: tests keep apart by using cards of their own.
  workers: 2,
  fullyParallel: true,
  forbidOnly: !!process.env.CI,
  timeout: 60_000,
  // A browser on a busy machine may stumble; what passes only at the second try is listed as flaky, to be looked into.
  retries: 1,
  reporter: [['list'], ['json', { outputFile: './results/browser.json' }]],
  // What assistive technology is told is the same for everybody. After a change: `playwright test -c end2end tree --update-snapshots=all`.
  updateSnapshots: 'none',
  expect: { toMatchAriaSnapshot: { pathTemplate: '{testDir}/trees/{arg}{ext}' } },
  use: { baseURL: portalUrl, screenshot: 'only-on-failure', trace: 'retain-on-failure' },
  projects: [...everyday, ...forEverybody],
  webServer: stack,
});

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

export default defineConfig({
  testDir: './tests',
  outputDir: './results/browser',
  // One stack for all: tests keep apart by using cards of their own.
  workers: 2,
  fullyParallel: true,
  forbidOnly: !!process.env.CI,
  timeout: 60_000,
  // A browser on a busy machine may stumble; what passes only at the second try is listed as flaky, to be looked into.
  retries: 1,
  reporter: [['list'], ['json', { outputFile: './results/browser.json' }]],
  use: { baseURL: portalUrl, screenshot: 'only-on-failure', trace: 'retain-on-failure' },
  projects: [
    { name: 'desktop', use: desktop },
    { name: 'phone', use: { ...pixel, ...chromium } },
    { name: 'desktop-no-js', use: { ...desktop, javaScriptEnabled: false } },
  ],
  webServer: stack,
});

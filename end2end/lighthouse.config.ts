import { defineConfig } from '@playwright/test';

import people from './playwright.config';

/** The stack and the browser of the people's tests, for one measurement at a time. */
export default defineConfig({
  ...people,
  outputDir: './results/lighthouse',
  workers: 1,
  retries: 0,
  reporter: 'list',
  projects: people.projects?.filter((it) => it.name === 'desktop').map((it) => ({ ...it, testDir: './lighthouse' })),
});

// What is personal: shown to its owner, masked, kept by no cache, and gone when somebody wants it gone.

import { readFile } from 'node:fs/promises';

import { expect, test } from '../../support/shopper';
import { heading, signIn, someTail, threeItems, whoOwesThree } from './portal';

test('PTL-012 SEC-002 what is personal is masked, in no title and no address, and kept by no cache', async ({ page }) => {
  const tail = someTail();
  const { shopper, paid, owed } = await whoOwesThree({ last_four: tail });
  await signIn(page, shopper);
  await expect(page.getByText('Signed in as c•••@e•••.com')).toBeAttached();
  for (const path of ['/trips', `/trips/${paid.trip}`, `/trips/${owed.trip}`, '/balance', '/privacy', '/sessions']) {
    const response = await page.goto(path);
    expect(response?.headers()['cache-control'], path).toBe('no-store');
    const content = await page.content();
    for (const whole of [shopper.email, `instrument-${shopper.card}`]) expect(content, path).not.toContain(whole);
    for (const shown of [page.url(), await page.title()]) {
      for (const personal of [shopper.email, tail, threeItems]) expect(shown, path).not.toContain(personal);
    }
  }
});

test('PTL-012 after signing out, going back shows nothing of what was there', async ({ page, shopper }) => {
  const walk = await shopper.walks(3);
  await shopper.mail(/Charged to your card/);
  await signIn(page, shopper);
  await page.goto(`/trips/${walk.trip}`);
  await expect(page.getByText(threeItems).first()).toBeVisible();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(heading(page)).toHaveText('You are signed out');
  await page.goBack();
  await expect(page.getByText(threeItems)).toHaveCount(0);
});

test('PP-001 people take their data along and have it erased', async ({ page, shopper }) => {
  await shopper.walks(1);
  await shopper.mail(/Charged to your card/);
  await signIn(page, shopper);
  await page.getByRole('link', { name: 'Your data' }).click();
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download my data' }).click();
  const all = JSON.parse(await readFile(await (await download).path(), 'utf8'));
  expect(all.email).toBe(shopper.email);
  expect(all.trips).toHaveLength(1);
  await page.getByRole('link', { name: 'See what would be erased' }).click();
  await page.getByRole('button', { name: 'Erase my data' }).click();
  await expect(page.getByRole('alert')).toContainText('Tick the box');
  await page.getByLabel('I have downloaded what I need').check();
  await page.getByRole('button', { name: 'Erase my data' }).click();
  await expect(heading(page)).toHaveText('Your data is erased');
  await page.goto('/trips');
  await expect(page).toHaveURL(/\/sign-in/);
});

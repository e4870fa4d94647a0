// A receipt to keep: on paper, by mail, found again.

import { readFile } from 'node:fs/promises';

import { Shopper, expect, test } from '../../support/shopper';
import { heading, signIn, threeItems } from './portal';

test('PTL-003 a receipt is downloaded as a PDF', async ({ page, shopper }) => {
  const walk = await shopper.walks(3);
  await shopper.mail(/Your receipt|Charged to your card/);
  await signIn(page, shopper);
  await page.goto(`/trips/${walk.trip}`);
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download PDF' }).click();
  const file = await download;
  expect(file.suggestedFilename()).toMatch(/^receipt-\d{4}-\d{2}-\d{2}\.pdf$/);
  const bytes = await readFile(await file.path());
  expect(bytes.subarray(0, 5).toString()).toBe('%PDF-');
  expect(bytes.length).toBeLessThan(60_000);
});

test("PTL-003 nobody downloads somebody else's receipt", async ({ page, shopper }) => {
  const other = await Shopper.withCard();
  const theirs = await other.walks(1);
  await other.mail(/Charged to your card/);
  await shopper.walks(1);
  await shopper.mail(/Charged to your card/);
  await signIn(page, shopper);
  const answer = await page.request.get(`/trips/${theirs.trip}/receipt.pdf`);
  expect(answer.status()).toBe(404);
});

test('COMP-003 a receipt has everything a receipt needs', async ({ page, shopper }) => {
  const walk = await shopper.walks(3);
  await shopper.mail(/Charged to your card/);
  await signIn(page, shopper);
  await page.goto(`/trips/${walk.trip}`);
  const receipt = page.getByRole('article', { name: 'Receipt' });
  for (const part of ['Tax number', 'Contact', 'Trip number', 'Sales tax 8.875%', threeItems]) {
    await expect(receipt).toContainText(part);
  }
  await expect(page.getByText(/^VISA ending in \d{4}$/)).toBeVisible();
  await expect(page.getByText('Application (AID)')).toBeVisible();
  await expect(page.getByText('Nothing is held on your card for this trip any more.')).toBeVisible();
  const help = page.getByText('How to find this on your statement');
  await help.click();
  await expect(page.getByText(/Look for this number in the details/)).toBeVisible();
});

test('COMP-003 a receipt is sent again to the address on file', async ({ page, shopper }) => {
  const walk = await shopper.walks(1);
  await shopper.mail(/Charged to your card/);
  await signIn(page, shopper);
  await page.goto(`/trips/${walk.trip}`);
  const asked = Date.now();
  await page.getByRole('button', { name: 'Send it again' }).click();
  await expect(page.getByRole('heading', { name: 'Your receipt is on its way' })).toBeVisible();
  await shopper.mail(/Charged to your card/, asked);
  expect(page.url()).not.toContain('@');
});

test('trips are found by day, and a day that is none is named beside its field', async ({ page, shopper }) => {
  const today = new Date().toISOString().slice(0, 10);
  await shopper.walks(1);
  await shopper.mail(/Charged to your card/);
  await shopper.walks(1);
  await signIn(page, shopper);
  await page.goto(`/trips?from=${today}`);
  await expect(page.getByRole('row')).not.toHaveCount(0);
  await page.goto('/trips?from=2001-01-01&to=2001-01-31');
  await expect(page.getByRole('heading', { name: 'No trip matches' })).toBeVisible();
  await page.getByLabel('From', { exact: true }).fill('2001-02-01');
  await page.getByRole('button', { name: 'Show trips' }).click();
  await expect(page.getByText('This day is before the first one')).toBeVisible();
  await page.getByRole('link', { name: 'Show all trips' }).click();
  await expect(page).toHaveURL(/\/trips$/);
});

test('a payment is found by the number on the card statement, which is in no address', async ({ page, shopper }) => {
  const walk = await shopper.walks(1);
  const mail = await shopper.mail(/Charged to your card/);
  const number = /Transaction on your card statement: (\S+)/.exec(mail)![1];
  await signIn(page, shopper);
  await page.getByText('Find a payment of your card statement').click();
  await page.getByLabel('Number on your card statement').fill('no-such-number');
  await page.getByRole('button', { name: 'Find it' }).click();
  await expect(page.getByRole('heading', { name: 'No trip of yours has this number' })).toBeVisible();
  await page.getByLabel('Number on your card statement').fill(number);
  await page.getByRole('button', { name: 'Find it' }).click();
  await expect(page).toHaveURL(new RegExp(`/trips/${walk.trip}$`));
  await expect(heading(page)).toHaveText('Receipt');
});

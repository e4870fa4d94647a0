import { type Page } from '@playwright/test';

import { expect, test } from '../../support/shopper';
import { answer, askForCode, heading, signIn } from './portal';

const refusal = 'This code is wrong or no longer valid. Check the digits, or ask for a new code';

async function isRefused(page: Page) {
  await expect(page).toHaveTitle('Error: Enter your code – Storeside');
  const summary = page.getByRole('alert');
  await expect(summary).toContainText(refusal);
  await summary.getByRole('link').click();
  await expect(page.getByLabel('Sign-in code')).toBeFocused();
}

async function isSignedOut(page: Page) {
  for (const address of ['/trips', '/balance']) {
    await page.goto(address);
    await expect(page).toHaveURL(new RegExp(`/sign-in\\?next=${address}$`));
  }
}

/** A code that is not `code`. */
function another(code: string): string {
  return code.startsWith('0') ? `1${code.slice(1)}` : `0${code.slice(1)}`;
}

test('PTL-011 an address that nobody has is refused like a wrong code, and shows nothing of anybody', async ({ page }) => {
  await askForCode(page, `nobody-${Date.now()}@example.com`);
  await answer(page, '12345678');
  await isRefused(page);
  await expect(page.getByText('Signed in as')).toHaveCount(0);
  await isSignedOut(page);
});

test('a wrong code is refused, and the right one still signs in', async ({ page, shopper }) => {
  await shopper.walks(1);
  await shopper.mail(/Charged to your card/);
  const code = await shopper.code(await askForCode(page, shopper.email));
  await answer(page, another(code));
  await isRefused(page);
  // As people copy it.
  await answer(page, ` ${code.slice(0, 4)} ${code.slice(4)} `);
  await expect(heading(page)).toHaveText('Your trips');
});

test('a code is good in the browser that asked, for five tries', async ({ browser, page, shopper, contextOptions }) => {
  await shopper.walks(1);
  await shopper.mail(/Charged to your card/);
  const code = await shopper.code(await askForCode(page, shopper.email));

  const elsewhere = await browser.newContext(contextOptions);
  const stranger = await elsewhere.newPage();
  await stranger.goto('/sign-in/code');
  await answer(stranger, code);
  await isRefused(stranger);
  await elsewhere.close();

  for (let tries = 0; tries < 5; tries += 1) {
    await answer(page, another(code));
    await isRefused(page);
  }
  await answer(page, code);
  await isRefused(page);
  await isSignedOut(page);
});

test('signing in leads back to the page one wanted, signing out closes it', async ({ page, shopper }) => {
  const walk = await shopper.walks(1);
  await shopper.mail(/Charged to your card/);
  await page.goto(`/trips/${walk.trip}`);
  await expect(page.getByText('Sign in to see this page')).toBeVisible();
  await page.getByLabel('Email address').fill(shopper.email);
  const asked = Date.now();
  await page.getByRole('button', { name: 'Send me a code' }).click();
  await answer(page, await shopper.code(asked));
  await expect(page).toHaveURL(new RegExp(`/trips/${walk.trip}$`));
  await expect(heading(page)).toHaveText('Receipt');

  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(heading(page)).toHaveText('You are signed out');
  await isSignedOut(page);
  await page.goBack();
  await expect(page.getByText('Turkey sandwich')).toHaveCount(0);
});

// Whoever comes, with whatever they have: eyes or ears, mouse or keys, a large screen or a small one.

import { type Locator, type Page } from '@playwright/test';

import { expect, test } from '../../support/shopper';
import { askForRefund, disputes, goToPay, heading, signIn, violations, whoOwesThree } from './portal';

// These look at every page there is, twice or more.
test.slow();

const publicPages = [
  '/', '/help', '/sign-in', '/sign-in?next=/trips', '/sign-in/code', '/sign-in/card', '/sign-in/loyalty', '/signed-out', '/privacy',
  '/privacy/erased', '/no-such-page', `/link/${'0'.repeat(64)}`,
];

/** Signs in somebody who owes for one trip and has paid another, and gives the addresses of all pages of theirs. */
async function pagesOfSomebody(page: Page): Promise<string[]> {
  const { shopper, paid, owed } = await whoOwesThree();
  await signIn(page, shopper);
  const refund = `/trips/${paid.trip}/refund`;
  const dispute = `/trips/${owed.trip}/dispute`;
  await askForRefund(page, paid.trip);
  const refunded = new URL(page.url()).pathname;
  await goToPay(page);
  await page.getByRole('link', { name: 'Back to the store' }).click();
  await expect(heading(page)).toHaveText('Your payment');
  const payoff = new URL(page.url()).pathname;
  await disputes(page, owed.trip, 'This trip is not mine');
  const disputed = new URL(page.url()).pathname;
  return [
    '/', '/trips', `/trips/${paid.trip}`, `/trips/${owed.trip}`, '/balance', `/balance/check?trip=${owed.trip}`, payoff, '/privacy',
    '/privacy/erase', '/sessions', '/confirm',
    '/trips?from=2026-13-01', '/trips?from=2001-01-01&to=2001-01-02',
    refund, `/trips/${owed.trip}/refund`, `/trips/${owed.trip}/refund/check?line-1=9`,
    `/trips/${owed.trip}/refund/check?line-1=1&reason=OTHER`, refunded, dispute, `${dispute}/check`, disputed,
  ];
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`axe finds nothing on any page that is ${colorScheme}`, async ({ page, javaScriptEnabled }) => {
    test.skip(!javaScriptEnabled, 'axe is itself a program that runs in the page');
    await page.emulateMedia({ colorScheme });
    for (const address of [...publicPages, ...(await pagesOfSomebody(page))]) {
      await page.goto(address);
      expect(await violations(page), address).toEqual([]);
    }
  });
}

test('at 400 % zoom, which leaves 320 pixels, no page is wider than the screen', async ({ page }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  for (const address of [...publicPages, ...(await pagesOfSomebody(page))]) {
    await page.goto(address);
    expect(await page.evaluate(() => document.documentElement.scrollWidth), address).toBeLessThanOrEqual(320);
  }
});

test('nothing is blocked and nothing fails in the browser', async ({ page }) => {
  const pages = publicPages.filter((it) => it !== '/no-such-page');
  // A form that is refused is answered with 422, which browsers write to their console.
  const theirs = (await pagesOfSomebody(page)).filter((it) => !it.endsWith('line-1=9'));
  // From here on: the way here leads over the payment page, which is not ours.
  const problems: string[] = [];
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  page.on('pageerror', (error) => problems.push(error.message));
  for (const address of [...pages, ...theirs]) {
    await page.goto(address, { waitUntil: 'networkidle' });
    expect(problems, address).toEqual([]);
  }
});

test('the keyboard is enough to sign in', async ({ page, shopper }) => {
  await shopper.walks(1);
  await shopper.mail(/Charged to your card/);
  await page.goto('/sign-in');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to main content' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/#main$/);
  await page.keyboard.press('Tab');
  await expect(page.getByLabel('Email address')).toBeFocused();
  await page.keyboard.type(shopper.email);
  const asked = Date.now();
  await page.keyboard.press('Enter');
  await expect(page.getByLabel('Sign-in code')).toBeVisible();
  const code = await shopper.code(asked);

  await page.getByLabel('Sign-in code').focus();
  await page.keyboard.type('00000000');
  await page.keyboard.press('Enter');
  // The refusal has the focus; its link leads to the field.
  await expect(page.getByRole('alert')).toBeFocused();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(page.getByLabel('Sign-in code')).toBeFocused();
  await page.keyboard.type(code);
  await page.keyboard.press('Enter');
  await expect(heading(page)).toHaveText('Your trips');
});

/** Goes on with the Tab key until `wanted` has the focus. */
async function tabTo(page: Page, wanted: Locator) {
  await expect(wanted).toBeVisible();
  for (let presses = 0; presses < 60; presses += 1) {
    if (await wanted.evaluate((it) => it === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`the Tab key does not reach ${wanted}`);
}

test('the keyboard is enough to ask for a refund and to pay', async ({ page }) => {
  const { shopper, paid } = await whoOwesThree();
  await signIn(page, shopper);
  const press = async (role: 'button' | 'link', name: string | RegExp) => {
    await tabTo(page, page.getByRole(role, { name }).first());
    await page.keyboard.press('Enter');
  };
  await page.goto(`/trips/${paid.trip}`);
  await press('link', 'Ask for a refund');
  await expect(heading(page)).toHaveText('Ask for a refund');
  await tabTo(page, page.getByRole('spinbutton'));
  await page.keyboard.press('ArrowUp');
  // A group of choices is one stop; the arrows choose in it.
  await tabTo(page, page.getByRole('radio').first());
  await page.keyboard.press('Space');
  await press('button', 'Continue');
  await expect(heading(page)).toHaveText('Check your refund');
  await press('button', 'Send this request');
  await expect(heading(page)).toHaveText('Your refund');

  await press('link', 'Balance');
  await expect(heading(page)).toHaveText('Your balance');
  await press('button', 'Continue to pay');
  await expect(heading(page)).toHaveText('Check what you pay');
  await press('button', 'Pay by card');
  await tabTo(page, page.getByLabel('Card number'));
  await page.keyboard.type('4242424242424242');
  await page.keyboard.press('Enter');
  await expect(heading(page)).toHaveText('Your payment');
});

test('the number on the statement can be copied where a program may run', async ({ page, context, shopper, javaScriptEnabled }) => {
  const walk = await shopper.walks(1);
  const mail = await shopper.mail(/Charged to your card/);
  await signIn(page, shopper);
  await page.goto(`/trips/${walk.trip}`);
  const copy = page.getByRole('button', { name: 'Copy' });
  if (!javaScriptEnabled) {
    await expect(copy).toBeHidden();
    return;
  }
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await copy.click();
  await expect(page.getByRole('button', { name: 'Copied' })).toBeVisible();
  const statementId = /Transaction on your card statement: (\S+)/.exec(mail)![1];
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(statementId);
});

// What a screen reader is told of the main pages: the same on a phone and without programs, and changed only on purpose. Receipts have two
// buttons that only programs serve, so there more than is written here may stand; everywhere else it is all there is.

import { type Page } from '@playwright/test';

import { expect, test } from '../../support/shopper';
import { signIn, whoOwesThree } from './portal';

async function reads(page: Page, path: string, name: string) {
  await page.goto(path);
  await expect.soft(page.getByRole('main')).toMatchAriaSnapshot({ name: `${name}.aria.yml` });
}

test('who is signed out', async ({ page }) => {
  const pages = { home: '/', help: '/help', 'sign-in': '/sign-in', 'sign-in-card': '/sign-in/card', 'sign-in-code': '/sign-in/code' };
  for (const [name, path] of Object.entries(pages)) await reads(page, path, name);
  await page.goto('/');
  await expect(page.getByRole('banner')).toMatchAriaSnapshot({ name: 'banner.aria.yml' });
  await expect(page.getByRole('contentinfo')).toMatchAriaSnapshot({ name: 'footer.aria.yml' });
});

test('who has paid one trip and owes for another', async ({ page }) => {
  const { shopper, paid, owed } = await whoOwesThree();
  await signIn(page, shopper);
  const pages = {
    trips: '/trips', receipt: `/trips/${paid.trip}`, 'receipt-owed': `/trips/${owed.trip}`, refund: `/trips/${paid.trip}/refund`,
    'refund-check': `/trips/${paid.trip}/refund/check?line-1=1&reason=OTHER`, balance: '/balance',
    'payoff-check': `/balance/check?trip=${owed.trip}`, dispute: `/trips/${owed.trip}/dispute`, privacy: '/privacy', sessions: '/sessions',
  };
  for (const [name, path] of Object.entries(pages)) await reads(page, path, name);
});

// From a gate that stays closed to a gate that opens, by way of the page on which one pays.

import { staff } from '../../support/desk';
import { Shopper, expect, test } from '../../support/shopper';
import {
  goodCard, goToPay, heading, isPaid, oneItem, payWith, pressPay, signIn, someTail, threeItems, typeCardFacts, whoOwesThree,
} from './portal';

/** More cards that Stripe gives to whoever tests. */
const declined = '4000 0000 0000 0002';
const asksItsOwner = '4000 0025 0000 3155';

test('PTL-008 PTL-010 IF-008 IF-018 PP-008 who was refused at the gate signs in by card, pays, and walks in again', async ({ page }) => {
  const tail = someTail();
  const { shopper } = await whoOwesThree({ last_four: tail });
  expect((await shopper.walks(1)).admitted, 'the gate while something is owed').toBe(false);

  await typeCardFacts(page, { tail, total: '2.17' });
  await expect(heading(page)).toHaveText('Your trips');
  await goToPay(page, threeItems);
  await payWith(page, goodCard);
  await isPaid(page, threeItems);
  await expect(page.getByText('You owe nothing more.')).toBeVisible();
  await expect(page.getByText('The gate of Corner Market opens for your card now.')).toBeVisible();
  const mail = await shopper.mail(/We have your payment of/);
  const reference = await page.locator('dd.code').innerText();
  expect(mail).toContain(reference);

  await page.goto('/balance');
  await expect(page.getByRole('heading', { name: 'You owe nothing' })).toBeVisible();
  expect((await shopper.walks(1)).admitted, 'the gate once it is paid').toBe(true);
});

test('PTL-009 IF-009 who pays a part still owes the rest, and the gate stays closed until all is paid', async ({ page }) => {
  // The bank takes its time to say no, so that a second visit begins before the first is owed.
  const shopper = await Shopper.withCard({ limit_minor: 0, pending: { times: 2 } });
  const [large, small] = [await shopper.walks(3), await shopper.walks(1)];
  for (const trip of [large.trip, small.trip]) await shopper.mail(new RegExp(`You owe[^]*${trip}`));
  await signIn(page, shopper);
  await page.goto('/balance');
  await page.locator(`input[name="trip"][value="${large.trip}"]`).uncheck();
  await page.getByRole('button', { name: 'Continue to pay' }).click();
  await expect(page.locator(`a[href="/trips/${large.trip}"]`)).toHaveCount(0);
  await pressPay(page, oneItem);
  await payWith(page, goodCard);
  await isPaid(page, oneItem);
  await expect(page.getByText(`Still owed: ${threeItems}`)).toBeVisible();
  await expect(page.getByText('The gate of Corner Market stays closed for your card while something is owed.')).toBeVisible();
  expect((await shopper.walks(1)).admitted).toBe(false);

  await goToPay(page, threeItems);
  await payWith(page, goodCard);
  await isPaid(page, threeItems);
  expect((await shopper.walks(0)).admitted).toBe(true);
});

test('a card that is declined and a payment that is left take nothing, and one can go on', async ({ page }) => {
  const shopper = await Shopper.withCard({ limit_minor: 0 });
  await shopper.walks(1);
  await shopper.mail(/You owe/);
  await signIn(page, shopper);
  await goToPay(page, oneItem);
  await payWith(page, declined);
  await expect(page.getByRole('alert')).toContainText('declined');
  await page.getByRole('link', { name: 'Back to the store' }).click();
  await expect(page.getByText('Nothing was taken, and what you owe is as it was.')).toBeVisible();
  await page.goto('/balance');
  await expect(page.locator('.owed-total')).toHaveText(oneItem);
  expect((await shopper.walks(1)).admitted).toBe(false);

  await goToPay(page, oneItem);
  await payWith(page, asksItsOwner);
  await page.getByRole('button', { name: 'Complete authentication' }).click();
  await isPaid(page, oneItem);
});

test('IF-008 a debtor whom nobody knows pays by a link from staff, once', async ({ page, browser, contextOptions }) => {
  const shopper = await Shopper.withCard({ limit_minor: 0 });
  const owed = await shopper.walks(1);
  await shopper.mail(/You owe/);
  const link = (await staff('payment-link', 'send', owed.trip, '--print', '--as', 'ann', '--reason', 'phoned, no address known')).trim();
  await page.goto(link);
  await page.getByRole('button', { name: 'Show my visit' }).click();
  await expect(page.getByText('Signed in with a payment link')).toBeAttached();
  await goToPay(page, oneItem);
  await payWith(page, goodCard);
  await isPaid(page, oneItem);
  expect((await shopper.walks(1)).admitted).toBe(true);

  const elsewhere = await browser.newContext(contextOptions);
  const stranger = await elsewhere.newPage();
  await stranger.goto(link);
  await stranger.getByRole('button', { name: 'Show my visit' }).click();
  await expect(stranger.getByRole('alert')).toBeVisible();
  await stranger.goto('/balance');
  await expect(stranger).toHaveURL(/\/sign-in/);
  await elsewhere.close();
});

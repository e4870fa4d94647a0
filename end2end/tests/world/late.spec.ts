// The days pass, and what is outside stands still. That is so for everybody: these run one at a time, after all others.

import { Shopper, expect, test } from '../../support/shopper';
import { order } from '../../support/twin';
import { askForRefund, goodCard, goToPay, heading, isPaid, oneItem, payWith, signIn } from '../shopper/portal';

test('PTL-013 while Amazon refunds nothing, a refund is kept and its page says so, and it is done later', async ({ page, shopper }) => {
  const walk = await shopper.walks(1);
  await shopper.mail(/Charged to your card/);
  await signIn(page, shopper);
  await order('/control/faults', { api: 'refund', fault: 'service_exception', times: 'always' });
  try {
    await askForRefund(page, walk.trip);
    await expect(async () => {
      await page.reload();
      await expect(page.getByText('Sending it does not work right now. We keep trying')).toBeVisible({ timeout: 1_000 });
    }).toPass({ timeout: 20_000 });
    const status = page.url();
    // What is ours still shows.
    for (const path of ['/trips', `/trips/${walk.trip}`, '/balance']) {
      expect((await page.goto(path))?.status(), path).toBe(200);
    }
    await order('/control/faults', { api: 'refund', clear: true });
    await expect(async () => {
      await page.goto(status);
      await expect(page.getByRole('heading', { name: 'Your refund is done' })).toBeVisible({ timeout: 1_000 });
    }).toPass({ timeout: 40_000 });
  } finally {
    await order('/control/faults', { api: 'refund', clear: true });
  }
});

test('PTL-013 while the payment page cannot be reached, the balance shows and nothing is half done', async ({ page }) => {
  const shopper = await Shopper.withCard({ limit_minor: 0 });
  await shopper.walks(1);
  await shopper.mail(/You owe/);
  await signIn(page, shopper);
  await page.goto('/balance');
  await page.getByRole('button', { name: 'Continue to pay' }).click();
  await order('/control/stripe', { call: 'create_session', fault: 'service_exception', fault_times: 10 });
  try {
    await page.getByRole('button', { name: 'Pay by card' }).click();
    await expect(page.getByRole('alert')).toContainText('Nothing was taken');
  } finally {
    await order('/control/stripe', { call: 'create_session', clear: true });
  }
  await page.goto('/balance');
  await expect(page.locator('.owed-total')).toHaveText(oneItem);
});

/** When Stripe tells of a payment, and how often. */
const usual = { telling: { after_ms: 300 }, times: 1 };
const words = [
  { how: 'is lost', telling: 'never' },
  { how: 'comes twice', telling: { after_ms: 300 }, times: 2 },
  { how: 'comes before the shopper does', telling: 'before_answer' },
];

for (const { how, ...telling } of words) {
  test(`PTL-008 IF-018 where word of a payment ${how}, it counts once and the gate opens`, async ({ page }) => {
    const shopper = await Shopper.withCard({ limit_minor: 0 });
    await shopper.walks(1);
    await shopper.mail(/You owe/);
    expect((await shopper.walks(1)).admitted).toBe(false);
    await signIn(page, shopper);
    await order('/control/stripe', telling);
    try {
      await goToPay(page, oneItem);
      await payWith(page, goodCard);
      await isPaid(page, oneItem);
    } finally {
      await order('/control/stripe', usual);
    }
    await expect(page.getByText('You owe nothing more.')).toBeVisible();
    await page.goto('/balance');
    await expect(page.getByRole('heading', { name: 'You owe nothing' })).toBeVisible();
    expect((await shopper.walks(0)).admitted).toBe(true);
  });
}

test('PTL-005 outside the window no refund can be asked for, and it is said before anything is sent', async ({ page, shopper }) => {
  const walk = await shopper.walks(1);
  await shopper.mail(/Charged to your card/);
  await order('/control/clock', { advance_seconds: 31 * 86_400 });
  await signIn(page, shopper);
  await page.goto(`/trips/${walk.trip}/refund`);
  await expect(page.getByRole('heading', { name: 'No refund can be asked for now' })).toBeVisible();
  await expect(page.getByText(/^Refunds can be asked for within 30 days of a trip\. For this one that was until/)).toBeVisible();
  await expect(page.getByRole('button', { name: 'Continue' })).toHaveCount(0);
  await expect(page.getByText('help@corner-market.example').first()).toBeVisible();
  // Whoever sends the form of before is told the same.
  await page.goto(`/trips/${walk.trip}/refund/check?line-1=1&reason=OTHER`);
  await expect(heading(page)).not.toHaveText('Check your refund');
});

import { Shopper, expect, test } from '../../support/shopper';
import { askForRefund, disputes, heading, oneItem, signIn } from './portal';

test('PTL-004 PP-002 a refund is chosen, checked to the cent, sent once and followed until the money is back', async ({ page, shopper }) => {
  const walk = await shopper.walks(3);
  await shopper.mail(/Charged to your card/);
  await signIn(page, shopper);
  await page.goto(`/trips/${walk.trip}`);
  await page.getByRole('link', { name: 'Ask for a refund' }).click();
  await expect(heading(page)).toHaveText('Ask for a refund');

  // What is wrong is said at its field, and what was typed stays.
  await page.getByLabel('Sparkling water 0.5 l').fill('7');
  await page.getByRole('button', { name: 'Continue' }).click();
  const problem = page.getByRole('alert');
  await expect(problem).toContainText('type a number from 0 to 1');
  await expect(problem).toContainText('Choose why it comes back');
  await problem.getByRole('link').first().click();
  await expect(page.getByLabel('Sparkling water 0.5 l')).toBeFocused();
  await expect(page.getByLabel('Sparkling water 0.5 l')).toHaveValue('7');

  await page.getByLabel('Sparkling water 0.5 l').fill('1');
  await page.getByLabel('It was past its date').check();
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(heading(page)).toHaveText('Check your refund');
  await expect(page.getByRole('row', { name: 'Refund' }).getByRole('cell')).toHaveText(oneItem);
  await expect(page.getByText(`${oneItem} goes back to the card you paid with.`)).toBeVisible();
  const check = page.url();
  await page.getByRole('button', { name: 'Send this request' }).click();
  await expect(heading(page)).toHaveText('Your refund');
  const status = page.url();
  const reference = status.split('/').at(-1)!;
  await expect(page.getByText(reference, { exact: true })).toBeVisible();
  const mail = await shopper.mail(/Your refund is done|is on its way back to the card/);
  expect(mail).toContain(reference);
  await expect(async () => {
    await page.goto(status);
    await expect(page.getByRole('heading', { name: 'Your refund is done' })).toBeVisible({ timeout: 1_000 });
  }).toPass({ timeout: 20_000 });
  await expect(page.getByText('Reconciliation ID')).toBeVisible();

  // The page of before asks for nothing twice.
  await page.goto(check);
  await expect(page.getByRole('alert')).toContainText('type a number from 0 to 0');
});

test('PTL-006 all of a trip comes back once', async ({ page, shopper }) => {
  const walk = await shopper.walks(1);
  await shopper.mail(/Charged to your card/);
  await signIn(page, shopper);
  await askForRefund(page, walk.trip);
  await page.goto(`/trips/${walk.trip}/refund`);
  await expect(page.getByRole('heading', { name: 'No refund can be asked for now' })).toBeVisible();
  await expect(page.getByText(/already (asked for a refund|been refunded)/)).toBeVisible();
  await expect(page.getByRole('button', { name: 'Continue' })).toHaveCount(0);
  await page.goto(`/trips/${walk.trip}`);
  await expect(page.getByRole('heading', { name: 'Refunds', exact: true })).toBeVisible();
});

test("somebody else's refund cannot be asked for or read", async ({ page, shopper }) => {
  const other = await Shopper.withCard();
  const theirs = await other.walks(1);
  await other.mail(/Charged to your card/);
  await shopper.walks(1);
  await shopper.mail(/Charged to your card/);
  await signIn(page, shopper);
  for (const path of [`/trips/${theirs.trip}/refund`, `/trips/${theirs.trip}/dispute`, '/refunds/550e8400-e29b-41d4-a716-446655440000']) {
    const response = await page.goto(path);
    expect(response?.status(), path).toBe(404);
  }
});

test('who is charged for what is not theirs says so, and the balance shows it', async ({ page }) => {
  const shopper = await Shopper.withCard({ limit_minor: 0 });
  const walk = await shopper.walks(1);
  await shopper.mail(/You owe/);
  await signIn(page, shopper);
  await page.goto('/balance');
  await page.getByRole('link', { name: 'I already paid, or this is not mine' }).click();
  await expect(heading(page)).toHaveText('Tell us what is wrong');
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(page.getByRole('alert')).toContainText('Choose what is wrong');
  await disputes(page, walk.trip, 'I already paid for this trip');
  await expect(page.getByRole('heading', { name: 'We look at it' })).toBeVisible();
  const status = new URL(page.url()).pathname;
  await page.goto('/balance');
  await page.getByRole('link', { name: 'You told us that this is wrong' }).click();
  await expect(page).toHaveURL(new RegExp(`${status}$`));
  await page.goto('/balance');
  await expect(page.locator('.owed-total')).toHaveText(oneItem);
});

import { Shopper, expect, test } from '../../support/shopper';
import { dayInWords, heading, signIn, threeItems } from './portal';

test('PTL-007 the balance shows what is owed for each trip: date, store, amount and cause', async ({ page }) => {
  const shopper = await Shopper.withCard({ limit_minor: 0 });
  const before = dayInWords(new Date());
  const walk = await shopper.walks(3);
  await shopper.mail(/You owe/);
  const after = dayInWords(new Date());
  await signIn(page, shopper);
  await page.getByRole('navigation').getByRole('link', { name: 'Balance' }).click();

  await expect(heading(page)).toHaveText('Your balance');
  await expect(page.locator('.owed-total')).toHaveText(threeItems);
  const owed = page.getByRole('table', { name: 'What you owe, by trip' });
  const debt = owed.getByRole('row').filter({ has: page.locator(`a[href="/trips/${walk.trip}"]`) });
  await expect(debt.getByRole('rowheader')).toHaveText(new RegExp(`^(${before}|${after})$`));
  await expect(debt.getByRole('cell')).toHaveText([
    'Corner Market', /^Your bank declined the payment\.\s*3 items, owed since today\.\s*I already paid, or this is not mine$/, threeItems,
  ]);
  await expect(owed.getByRole('row', { name: 'Total owed' }).getByRole('cell')).toHaveText(threeItems);
  await expect(page.getByText('help@corner-market.example')).toBeVisible();

  await debt.getByRole('rowheader').getByRole('link').click();
  await expect(page.getByRole('heading', { name: `You still owe ${threeItems} for this trip` })).toBeVisible();
  await expect(page.getByRole('row', { name: 'Charged to your card' }).getByRole('cell')).toHaveText('$0.00');
  await expect(page.getByRole('row', { name: 'Still owed' }).getByRole('cell')).toHaveText(threeItems);
});

test('who owes nothing is told so', async ({ page, shopper }) => {
  await shopper.walks(1);
  await shopper.mail(/Charged to your card/);
  await signIn(page, shopper);
  await page.goto('/balance');
  await expect(page.getByRole('heading', { name: 'You owe nothing' })).toBeVisible();
  await expect(page.getByRole('table')).toHaveCount(0);
});

import { Shopper, expect, test } from '../../support/shopper';
import { dayInWords, heading, signIn, threeItems } from './portal';

test('a paid trip has its receipt: items, tax, total, card and the number on its statement', async ({ page, shopper }) => {
  const before = dayInWords(new Date());
  const walk = await shopper.walks(3);
  const mail = await shopper.mail(/Your receipt|Charged to your card/);
  const after = dayInWords(new Date());
  await signIn(page, shopper);

  const listed = page.getByRole('row').filter({ hasText: threeItems });
  await expect(listed).toContainText('Corner Market');
  await expect(listed).toContainText('Paid');
  await expect(listed).toContainText(/ending in \d{4}/);
  await listed.getByRole('link').click();
  await expect(page).toHaveURL(new RegExp(`/trips/${walk.trip}$`));

  await expect(heading(page)).toHaveText('Receipt');
  const receipt = page.getByRole('article', { name: 'Receipt' });
  await expect(receipt).toContainText(new RegExp(`${before}|${after}`));
  await expect(receipt).toContainText('12-3456789');
  for (const [name, price] of [['Sparkling water 0.5 l', '$1.99'], ['Turkey sandwich', '$7.49'], ['Dark chocolate 100 g', '$4.49']]) {
    await expect(receipt.getByRole('row', { name }).getByRole('cell')).toHaveText(['1', price, price]);
  }
  for (const [name, sum] of [['Items', '$13.97'], ['Sales tax 8.875%', '$0.84'], ['Total', threeItems], ['Charged to your card', threeItems]]) {
    await expect(receipt.getByRole('row', { name, exact: false }).getByRole('cell')).toHaveText(sum);
  }
  await expect(page.getByText(/^VISA ending in \d{4}$/)).toBeVisible();
  const statementId = /Transaction on your card statement: (\S+)/.exec(mail)![1];
  await expect(page.getByText(statementId, { exact: true })).toBeVisible();
});

test('a visit that took nothing costs nothing', async ({ page, shopper }) => {
  await shopper.walks(1);
  await shopper.mail(/Charged to your card/);
  const empty = await shopper.walks(0);
  await signIn(page, shopper);
  await expect(async () => {
    await page.goto(`/trips/${empty.trip}`);
    await expect(page.getByRole('heading', { name: 'Nothing was charged' })).toBeVisible({ timeout: 1_000 });
  }).toPass({ timeout: 20_000 });
});

test("somebody else's trip looks like one that does not exist", async ({ page, shopper }) => {
  const other = await Shopper.withCard();
  const theirs = await other.walks(3);
  await other.mail(/Charged to your card/);
  await shopper.walks(1);
  await shopper.mail(/Charged to your card/);
  await signIn(page, shopper);

  const texts: string[] = [];
  for (const trip of [theirs.trip, 'no-such-trip']) {
    const response = await page.goto(`/trips/${trip}`);
    expect(response?.status()).toBe(404);
    await expect(heading(page)).toHaveText('Page not found');
    texts.push(await page.getByRole('main').innerText());
  }
  expect(texts[0]).toBe(texts[1]);
  await page.goto('/trips');
  await expect(page.getByText(threeItems)).toHaveCount(0);
});

test('the receipt prints without what is only for the screen', async ({ page, shopper }) => {
  const walk = await shopper.walks(2);
  await shopper.mail(/Charged to your card/);
  await signIn(page, shopper);
  await page.emulateMedia({ media: 'print' });
  await page.goto(`/trips/${walk.trip}`);
  await expect(page.getByRole('article', { name: 'Receipt' })).toBeVisible();
  await expect(page.getByText('Number on your card statement')).toBeVisible();
  for (const part of ['navigation', 'contentinfo', 'button'] as const) {
    await expect(page.getByRole(part)).toHaveCount(0);
  }
});

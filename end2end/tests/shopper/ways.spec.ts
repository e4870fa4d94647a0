import { Shopper, expect, test } from '../../support/shopper';
import { heading, signIn, someTail, typeCardFacts, violations } from './portal';

/** The number that the receipt has, and the statement. */
async function statementOf(shopper: Shopper): Promise<string> {
  const receipt = await shopper.mail(/Transaction on your card statement: /);
  return /Transaction on your card statement: (\S+)/.exec(receipt)![1]!;
}

test('PTL-001 a card and one visit show all visits of that card', async ({ page }) => {
  const tail = someTail();
  const shopper = await Shopper.withCard({ last_four: tail });
  const walk = await shopper.walks(3);
  await typeCardFacts(page, { tail, statement: await statementOf(shopper) });
  await expect(heading(page)).toHaveText('Your trips');
  await expect(page.locator(`a[href="/trips/${walk.trip}"]`)).toBeVisible();
  await expect(page.getByText('Signed in with a card')).toBeAttached();
});

test('PTL-001 the way in by card is offered, says how wallets find the number, and passes axe', async ({ page, javaScriptEnabled }) => {
  await page.goto('/sign-in');
  await page.getByRole('link', { name: 'With your payment card and one visit' }).click();
  await expect(heading(page)).toHaveText('Sign in with your card');
  await page.getByText('I paid with a phone or a watch').click();
  await expect(page.getByText('Device Account Number').first()).toBeVisible();
  // axe is itself a program that runs in the page.
  if (javaScriptEnabled) expect(await violations(page)).toEqual([]);
});

test('PTL-002 a loyalty number leads to the code like an email address does, known or not', async ({ page, javaScriptEnabled }) => {
  await page.goto('/sign-in');
  await page.getByRole('link', { name: 'With your loyalty number' }).click();
  // axe is itself a program that runs in the page.
  if (javaScriptEnabled) expect(await violations(page)).toEqual([]);
  await page.getByLabel('Loyalty number').fill(`L-nobody-${Date.now()}`);
  await page.getByRole('button', { name: 'Send me a code' }).click();
  await expect(heading(page)).toHaveText('If we know you, a code is on its way');
});

test('PTL-011 facts that are not those of one card show nothing of anybody', async ({ page, javaScriptEnabled }) => {
  await typeCardFacts(page, { tail: someTail(), statement: 'CST-of-nobody' });
  await expect(page).toHaveTitle('Error: Sign in with your card – Storeside');
  await expect(page.getByRole('alert')).toContainText('We cannot find one card that all of this is true of');
  // axe is itself a program that runs in the page.
  if (javaScriptEnabled) expect(await violations(page)).toEqual([]);
  await page.goto('/trips');
  await expect(page).toHaveURL(/\/sign-in\?next=\/trips$/);
});

test('PTL-011 a whole card number is refused with the reason and not shown again', async ({ page }) => {
  await typeCardFacts(page, { tail: '4242 4242 4242 4242' });
  await expect(page.getByRole('alert')).toContainText('Enter only four digits');
  expect(page.url()).not.toContain('4242');
  expect(await page.content()).not.toContain('4242 4242');
});

test('sessions are listed, and signing out everywhere ends this one too', async ({ page, shopper, javaScriptEnabled }) => {
  await shopper.walks(1);
  await shopper.mail(/Charged to your card/);
  await signIn(page, shopper);
  await page.goto('/sessions');
  await expect(page.getByRole('heading', { name: 'This browser' })).toBeVisible();
  // axe is itself a program that runs in the page.
  if (javaScriptEnabled) expect(await violations(page)).toEqual([]);
  await page.getByRole('button', { name: 'Sign out everywhere' }).click();
  await expect(heading(page)).toHaveText('You are signed out');
  await page.goto('/trips');
  await expect(page).toHaveURL(/\/sign-in\?next=\/trips$/);
});

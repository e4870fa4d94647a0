// What people do in the portal, in their words, for the tests of this folder.

import AxeBuilder from '@axe-core/playwright';
import { type Page, expect } from '@playwright/test';

import { type CardChanges, Shopper } from '../../support/shopper';

/** The first thing of the demo catalogue with its tax. */
export const oneItem = '$2.17';

/** The first three things of the demo catalogue with their tax. */
export const threeItems = '$14.81';

/** Digits that no other test's card has, most likely. */
export function someTail(): string {
  return String(1000 + Math.floor(Math.random() * 9000));
}

/** Somebody whose bank takes small sums only: one thing is paid, three are owed. */
export async function whoOwesThree(changes: CardChanges = {}) {
  const shopper = await Shopper.withCard({ limit_minor: 500, ...changes });
  const paid = await shopper.walks(1);
  await shopper.mail(/Charged to your card/);
  const owed = await shopper.walks(3);
  await shopper.mail(/You owe/);
  return { shopper, paid, owed };
}

/** A card that Stripe gives to whoever tests. */
export const goodCard = '4242 4242 4242 4242';

export async function payWith(page: Page, card: string) {
  await page.getByLabel('Card number').fill(card);
  await page.getByRole('button', { name: /^Pay/ }).click();
}

/** The page one comes back to says so at once, or once word of the payment has come. */
export async function isPaid(page: Page, total: string) {
  await expect(async () => {
    await page.reload();
    await expect(page.getByRole('heading', { name: `You paid ${total}` })).toBeVisible({ timeout: 1_000 });
  }).toPass({ timeout: 20_000 });
}

/** Asks for a code and waits until the page for it is there. Gives the moment of asking. */
export async function askForCode(page: Page, email: string): Promise<number> {
  await page.goto('/sign-in');
  await page.getByLabel('Email address').fill(email);
  const asked = Date.now();
  await page.getByRole('button', { name: 'Send me a code' }).click();
  await expect(heading(page)).toHaveText('If we know you, a code is on its way');
  return asked;
}

export async function answer(page: Page, code: string) {
  await page.getByLabel('Sign-in code').fill(code);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** Signs in by email; the shopper's address must be known by now. */
export async function signIn(page: Page, shopper: Shopper) {
  const asked = await askForCode(page, shopper.email);
  await answer(page, await shopper.code(asked));
  await expect(heading(page)).toHaveText('Your trips');
}

type CardFacts = { tail: string; total?: string; statement?: string };

/** Types what is known of a card and of a visit of today, and asks to be let in. */
export async function typeCardFacts(page: Page, facts: CardFacts) {
  await page.goto('/sign-in/card');
  await page.getByLabel('Day of the visit').fill(new Date().toISOString().slice(0, 10));
  await page.getByLabel('Last four digits of the card').fill(facts.tail);
  await page.getByLabel('Expiry date').fill('12/30');
  await page.getByLabel('Exact total of that visit').fill(facts.total ?? '');
  await page.getByLabel('Transaction ID').fill(facts.statement ?? '');
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** Asks for the first thing of a trip back, and ends on the page that says how it stands. */
export async function askForRefund(page: Page, trip: string) {
  await page.goto(`/trips/${trip}/refund`);
  await page.getByRole('spinbutton').first().fill('1');
  await page.getByLabel('It was broken or damaged').check();
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(heading(page)).toHaveText('Check your refund');
  await page.getByLabel('Anything to add? (optional)').fill('The bottle leaked');
  await page.getByRole('button', { name: 'Send this request' }).click();
  await expect(heading(page)).toHaveText('Your refund');
}

/** Says what is wrong with what is owed, and ends on the page that says how it stands. */
export async function disputes(page: Page, trip: string, claim: string) {
  await page.goto(`/trips/${trip}/dispute`);
  await page.getByLabel(claim).check();
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(heading(page)).toHaveText('Check your message');
  await page.getByLabel('What should we know? (optional)').fill('I was in another town');
  await page.getByRole('button', { name: 'Send this message' }).click();
  await expect(heading(page)).toHaveText('Your message about a trip');
}

/** From the balance, with the ticks as they are, to the page of the payment processor. */
export async function goToPay(page: Page, total = threeItems) {
  await page.goto('/balance');
  await page.getByRole('button', { name: 'Continue to pay' }).click();
  await expect(heading(page)).toHaveText('Check what you pay');
  await expect(page.getByRole('row', { name: 'You pay' }).getByRole('cell')).toHaveText(total);
  await pressPay(page, total);
}

/** From the page where a payment is checked to the page of the payment processor. */
export async function pressPay(page: Page, total: string) {
  await page.getByRole('button', { name: 'Pay by card' }).click();
  await expect(heading(page)).toHaveText(`Pay ${total.slice(1)} USD`);
}

export function heading(page: Page) {
  return page.getByRole('heading', { level: 1 });
}

/** Today's date as pages write it, before and after midnight. */
export function dayInWords(at: Date): string {
  const month = at.toLocaleString('en', { month: 'long', timeZone: 'UTC' });
  return `${at.getUTCDate()} ${month} ${at.getUTCFullYear()}`;
}

/** What axe finds against WCAG 2.2 AA, in words that name the element. */
export async function violations(page: Page): Promise<string[]> {
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const found = await new AxeBuilder({ page }).withTags(tags).analyze();
  return found.violations.map((it) => `${it.id}: ${it.nodes.map((node) => node.target).join(', ')}`);
}

// A shopper, seen from outside: walks through the store by way of the twin, and reads the mail that comes of it.

import { randomUUID } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { test as base, expect } from '@playwright/test';

import { mailDir } from './stack';
import { order } from './twin';

/** How a card differs from an approved Visa. The twin's README has the rest. */
export type CardChanges = {
  brand?: 'VISA' | 'MASTERCARD' | 'AMEX';
  last_four?: string;
  limit_minor?: number;
  pending?: 'never' | 'forever' | { times: number };
};

export type Walk = { trip: string; admitted: boolean; steps: string[] };

/** One person with one card that no other test has. */
export class Shopper {
  private constructor(
    readonly card: string,
    readonly email: string,
  ) {}

  static async withCard(changes: CardChanges = {}): Promise<Shopper> {
    const name = `card-${randomUUID().slice(0, 8)}`;
    const made = await order('/control/cards', { name, instrument: `instrument-${name}`, ...changes });
    return new Shopper(name, made.email);
  }

  /** Taps, takes the first `items` things of the demo catalogue and leaves. */
  async walks(items: number): Promise<Walk> {
    return order('/control/walk', { card: this.card, items });
  }

  /** The text of the newest mail to this shopper that `wanted` matches, waited for. */
  async mail(wanted: RegExp, since = 0): Promise<string> {
    const find = async () => (await mailsTo(this.email, since)).find((it) => wanted.test(it));
    await expect.poll(async () => (await find()) !== undefined, { message: `a mail to ${this.email}: ${wanted}`, timeout: 30_000 }).toBe(true);
    return (await find())!;
  }

  /** The sign-in code that was mailed after `since` (milliseconds since 1970). */
  async code(since: number): Promise<string> {
    const code = /(?<!\d)\d{8}(?!\d)/;
    return code.exec(await this.mail(code, since))![0];
  }
}

/** Tests get a shopper whose card is approved; `Shopper.withCard` makes others. */
export const test = base.extend<{ shopper: Shopper }>({
  // Each test comes from a network of its own: what one may ask for in an hour is a budget.
  extraHTTPHeaders: async ({}, use) => {
    const part = () => Math.floor(Math.random() * 256);
    await use({ 'x-forwarded-for': `10.${part()}.${part()}.1` });
  },
  shopper: async ({}, use) => use(await Shopper.withCard()),
});

export { expect };

/** Bodies, decoded, newest first. */
async function mailsTo(email: string, since: number): Promise<string[]> {
  const files = (await readdir(mailDir).catch(() => [])).filter((it) => it.endsWith('.eml'));
  const mails = await Promise.all(
    files.map(async (file) => {
      const path = join(mailDir, file);
      return { at: (await stat(path)).mtimeMs, text: (await readFile(path, 'utf8')).replaceAll('\r\n', '\n') };
    }),
  );
  const theirs = mails.filter((it) => it.at >= since && new RegExp(`^To:.*${email}`, 'im').test(it.text));
  return theirs.sort((a, b) => b.at - a.at).map((it) => decoded(it.text));
}

/** The text without what is attached, with quoted-printable undone: its line breaks fall in the middle of words. */
function decoded(mail: string): string {
  const body = mail.slice(mail.indexOf('\n\n') + 2).split('Content-Disposition: attachment')[0];
  return body.replace(/=\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
}

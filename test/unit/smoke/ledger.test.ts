import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Act, ledgersIn, openLedger } from '../../../smoke/ledger.ts';

const RUN = 'perennial-smoke-20261121t170000';
const first: Act = { do: 'certificate', vault: 'https://vault', name: RUN };
const second: Act = { do: 'site-certificate', id: '/certificates/one' };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ledger-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the ledger', () => {
  it('is written before anything is done, and read by who comes later, newest first', () => {
    const ledger = openLedger(folder, RUN);
    ledger.remember(first);
    ledger.remember(second);
    expect(openLedger(folder, RUN).left()).toEqual([second, first]);
    expect(ledgersIn(folder)).toEqual([RUN]);
  });

  it('forgets what is undone, and is gone with the last of it', () => {
    const ledger = openLedger(folder, RUN);
    ledger.remember(first);
    ledger.remember(second);
    const again = openLedger(folder, RUN);
    const [newest, oldest] = again.left();
    if (newest === undefined || oldest === undefined) throw new TypeError('two acts were remembered');
    again.forget(newest);
    expect(openLedger(folder, RUN).left()).toEqual([first]);
    again.forget(oldest);
    expect(existsSync(join(folder, `${RUN}.ledger`))).toBe(false);
    expect(ledgersIn(folder)).toEqual([]);
  });

  it('passes over a last line that was cut off, and reports any other', () => {
    const file = join(folder, `${RUN}.ledger`);
    openLedger(folder, RUN).remember(first);
    appendFileSync(file, '{"number":2,"act":{"do":"cert');
    expect(openLedger(folder, RUN).left()).toEqual([first]);
    appendFileSync(file, '\n{"number":1}\n');
    expect(() => openLedger(folder, RUN)).toThrow(SyntaxError);
    expect(readFileSync(file, 'utf8')).toContain('"number":1');
  });

  it('knows only names of runs, and nothing of a folder that is not there', () => {
    appendFileSync(join(folder, 'mine.ledger'), 'x');
    expect(ledgersIn(folder)).toEqual([]);
    expect(ledgersIn(join(folder, 'nowhere'))).toEqual([]);
  });
});

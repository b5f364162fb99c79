import { expect } from 'vitest';
import { RenewalError } from '../../src/errors.ts';
import type { Issuer } from '../../src/issuers/port.ts';
import { expectAccepted } from './asking.ts';
import { faultsOf } from './bad-answers.ts';
import type { Conformance } from './suite.ts';

/** Looks at an order that waits, and the days between them: thirty in all. */
const LOOKS = 6;
const DAYS_BETWEEN = 5;
const DAY_SECONDS = 86_400;

/** What people and rules at the CA decide. */
export function theCa(conformance: Conformance): void {
  deciding(conformance);
  ending(conformance);
}

function deciding({ under, ask, tries }: Conformance): void {
  const held = async (host: string) => {
    const asked = await ask().requestOf([`${host}.${under().domain}`]);
    const release = faultsOf(under()).add({ kind: 'held' });
    return { asked, release, order: await ask().place(asked) };
  };

  tries('pending-issued', 'waits for thirty days, and is issued', async () => {
    const { asked, release, order } = await held('slow');
    for (let look = 0; look < LOOKS; look += 1) {
      const status = await under().issuer.poll(order);
      expect(status).toEqual({ state: 'pending', retryAfterSeconds: expect.any(Number) });
      await under().wait(DAYS_BETWEEN * DAY_SECONDS);
    }
    release();
    expectAccepted(ask().judge(await ask().end(order), asked));
  });

  tries('pending-rejected', 'waits, and is told why it was rejected', async () => {
    const { release, order } = await held('refused');
    expect(await under().issuer.poll(order)).toMatchObject({ state: 'pending' });
    const relent = faultsOf(under()).add({ kind: 'rejected' });
    release();
    await under().wait(DAY_SECONDS);
    const status = await ask().end(order);
    relent();
    expect(status).toEqual({ state: 'rejected', reason: expect.stringMatching(/\S/) });
  });

  tries('credentials-refused', 'says that its credentials are refused, and not what they are', async () => {
    const relent = faultsOf(under()).add({ kind: 'credentials-refused' });
    const asked = await ask().requestOf([`shop.${under().domain}`]);
    const error = await ask()
      .decide(asked)
      .catch((thrown: unknown) => thrown);
    relent();
    expect(error).toBeInstanceOf(RenewalError);
    expect(error).toMatchObject({ code: 'issuer-misconfigured', retry: false });
    for (const secret of under().secrets ?? []) expect(JSON.stringify([error, String(error)])).not.toContain(secret);
    expectAccepted(ask().judge(await ask().decide(asked), asked));
  });
}

function ending({ under, ask, tries }: Conformance): void {
  tries('cancel', 'cancels an order that waits, once and for all, and none that has ended', async () => {
    const cancel = methodOf(under().issuer, 'cancel');
    const release = faultsOf(under()).add({ kind: 'held' });
    const order = await ask().place(await ask().requestOf([`cancelled.${under().domain}`]));
    await under().issuer.poll(order);
    expect(await cancel(order)).toEqual({ state: 'cancelled' });
    expect(await cancel(order)).toEqual({ state: 'cancelled' });
    release();
    await under().wait(DAY_SECONDS);
    expect(await ask().end(order)).toEqual({ state: 'rejected', reason: expect.stringMatching(/\S/) });
    const ended = await ask().place(await ask().requestOf([`ended.${under().domain}`]));
    await ask().end(ended);
    expect(await cancel(ended)).toEqual({ state: 'too-late', reason: expect.stringMatching(/\S/) });
  });

  tries('revoke', 'revokes what it has issued, and says the same when asked again', async () => {
    const revoke = methodOf(under().issuer, 'revoke');
    const status = await ask().decide(await ask().requestOf([`revoked.${under().domain}`]));
    const certificate = status.state === 'issued' ? (status.chain[0] ?? '') : '';
    for (let times = 0; times < 2; times += 1) {
      const { state } = await revoke({ certificate, reason: 'superseded' });
      expect(['revoked', 'requested']).toContain(state);
    }
    expect(under().isRevoked?.(certificate) ?? true).toBe(true);
  });
}

function methodOf<K extends 'cancel' | 'revoke'>(issuer: Issuer, name: K): NonNullable<Issuer[K]> {
  const method = issuer[name];
  if (method === undefined) throw new TypeError(`it cannot ${name}: declare so`);
  return method;
}

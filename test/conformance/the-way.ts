import { expect } from 'vitest';
import { RenewalError } from '../../src/errors.ts';
import type { OrderRequest } from '../../src/issuers/port.ts';
import { type Asking, expectAccepted, leafOf } from './asking.ts';
import { type IssuerLine, type Mishap, THROTTLED_SECONDS } from './line.ts';
import type { Conformance } from './suite.ts';
import type { IssuerUnderTest } from './under-test.ts';

/** What happens between issuer and CA. */
export function theWay({ under, ask, tries }: Conformance): void {
  const request = (): Promise<OrderRequest> => ask().requestOf([`shop.${under().domain}`]);

  tries('lost-answer', 'orders once more at most when an answer is lost', async () => {
    const asked = await request();
    const before = counted(under());
    const lost = await failing(ask(), asked, under(), 'lost-answer');
    expect(lost).toMatchObject({ code: 'issuer-unreachable', retry: true });
    const status = await ask().decide(asked);
    expectAccepted(ask().judge(status, asked));
    expectAtMost(under(), before);
  });

  tries('duplicate-submit', 'makes no second certificate for the same request', async () => {
    const asked = await request();
    const before = counted(under());
    const [first, second] = [await ask().place(asked), await ask().place(asked)];
    const leaf = leafOf(await ask().end(second));
    if (second.reference === first.reference) expect(leafOf(await ask().end(first)).serial).toBe(leaf.serial);
    expectAtMost(under(), before);
  });

  tries('server-error', 'tries again after a server error', async () => {
    const asked = await request();
    const error = await failing(ask(), asked, under(), 'server-error');
    expect(error).toMatchObject({ code: 'issuer-unreachable', retry: true });
    expectAccepted(ask().judge(await ask().decide(asked), asked));
  });

  tries('rate-limit', 'waits as long as it is told to', async () => {
    const asked = await request();
    const error = await failing(ask(), asked, under(), 'throttled');
    expect(error).toMatchObject({ code: 'issuer-throttled', retry: true, retryAfterSeconds: THROTTLED_SECONDS });
    expectAccepted(ask().judge(await ask().decide(asked), asked));
  });

  tries('truncated-body', 'takes half an answer for none', async () => {
    for (const mishap of ['truncated-body', 'cut-connection', 'half-refusal'] as const) {
      const asked = await request();
      const error = await failing(ask(), asked, under(), mishap);
      // An answer whose body says nothing has lost nothing; a refusal has lost its reason.
      if (error !== undefined || mishap === 'half-refusal')
        expect(error).toMatchObject({ code: 'issuer-unreachable', retry: true });
      expectAccepted(ask().judge(await ask().decide(asked), asked));
    }
  });

  tries('server-error', 'goes on whatever befalls one of its looks', async () => {
    const mishaps = [
      'lost-answer',
      'server-error',
      'throttled',
      'truncated-body',
      'cut-connection',
      'half-refusal',
    ] as const;
    for (const mishap of mishaps) {
      const asked = await request();
      const order = await ask().place(asked);
      lineOf(under()).plant(mishap, 'any');
      expectAccepted(ask().judge(await ask().end(order), asked), mishap);
      lineOf(under()).clear();
    }
  });
}

/** Plants it, and answers with what the next try throws: it is the first look at the order where that asks for a certificate. */
async function failing(
  ask: Asking,
  request: OrderRequest,
  under: IssuerUnderTest,
  mishap: Mishap,
): Promise<RenewalError | undefined> {
  lineOf(under).plant(mishap);
  try {
    const placed = await ask.submit(request);
    if (!('state' in placed)) await under.issuer.poll(placed);
    return undefined;
  } catch (error) {
    if (error instanceof RenewalError) return error;
    throw error;
  }
}

function lineOf({ line }: IssuerUnderTest): IssuerLine {
  if (line === undefined) throw new TypeError('there is no line: declare what cannot be tried');
  return line;
}

const counted = ({ issuedCount }: IssuerUnderTest): number => issuedCount?.() ?? 0;

/** What the issuer has declared: one certificate, or where the CA cannot tell two requests apart, two. */
function expectAtMost(under: IssuerUnderTest, before: number): void {
  if (under.issuedCount === undefined) return;
  const most = under.issuer.afterLostAnswer === 'reissues' ? 2 : 1;
  expect(under.issuedCount() - before).toBeLessThanOrEqual(most);
}

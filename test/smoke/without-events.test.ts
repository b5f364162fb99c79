import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askArm, openSmokeBench, others, type SmokeBench } from './smoke-bench.ts';

let bench: SmokeBench;
beforeAll(async () => {
  // As a test site most often is: nothing is bound to its name yet.
  bench = await openSmokeBench(33, ({ stand, multiTenant: [, site, , host] }) =>
    askArm(stand, { path: `${site}/hostNameBindings/${host}`, body: { properties: { sslState: 'Disabled' } } }),
  );
});
afterAll(() => bench.close());

describe('a run whose near-expiry event is lost, with a multi-tenant site', () => {
  it('says so, renews all the same, and asks what only such a site can answer', async () => {
    bench.stand.cloud.events.drop(({ type }) => type === 'Microsoft.KeyVault.CertificateNearExpiry');
    const program = bench.start(...bench.multiTenant);
    const code = await program.ended;
    const report = await bench.report();
    const said = program.lines.join('\n');
    expect(
      others(report).filter(([, verdict]) => verdict === 'differed'),
      said,
    ).toEqual([['event.near-expiry', 'differed', 'nothing within 1 minutes']]);
    expect(code).toBe(1);
    const seen = Object.fromEntries(
      report.checks.map(({ id, verdict, saw, foreseen }) => [id, saw ?? `${verdict} ${foreseen}`]),
    );
    expect(seen).toMatchObject({
      'renewal.outcome': 'renewed',
      'question.15': 'refused with 400',
      'question.9': 'yes',
      'served.first': 'could-not-look true',
      'served.new': 'could-not-look true',
    });
  });

  it('leaves nothing behind', async () => {
    expect(await bench.leftovers()).toEqual([]);
  });
});

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { faultKinds, faultNamed, faultNames } from '../../../../local/faults/catalogue.ts';
import { outcomes, reasons } from '../../../../src/renewal/outcomes.ts';
import { faultNames as simulated } from '../../../sim/faults/catalogue.ts';

/** What has no sense without sockets, or needs no variant there. */
const onTheWireOnly = ['kv.500-done', 'net.slow-tls', 'net.tls-expired', 'id.token-expired'];

describe('the faults of the stand', () => {
  it.each(faultNames.filter((name) => !onTheWireOnly.includes(name)))(
    '%s is a name of the simulation, or a way of one',
    (name) => {
      expect(simulated.some((known) => name === known || name.startsWith(`${known}-`))).toBe(true);
    },
  );

  it.each(faultNames)('%s ends in words that are documented', (name) => {
    expect(Object.keys(outcomes)).toContain(faultKinds[name].outcome);
    expect(Object.keys(reasons)).toContain(faultKinds[name].reason);
  });

  it('are found by their names, not by what every object has', () => {
    expect(faultNamed('kv.429')).toBe('kv.429');
    expect(faultNamed('toString')).toBeUndefined();
  });

  it('cover the catalogue that the issuer, the vault and the wire can meet', () => {
    const ids = new Set(faultNames.flatMap((name) => [...faultKinds[name].ids]));
    const wanted = ['KV1', 'KV2', 'KV3', 'KV4', 'KV6', 'KV7', 'KV8', 'KV9', 'KV11', 'KV14', 'KV15', 'KV16'];
    const ca = ['CA1', 'CA3', 'CA4', 'CA5', 'CA6', 'CA7', 'CA8', 'CA9', 'CA10', 'CA11', 'CA12', 'CA13', 'CA15'];
    expect([...wanted, ...ca, 'CK1', 'TG2', 'TG11'].filter((id) => !ids.has(id))).toEqual([]);
  });

  it('are all in the docs', () => {
    const page = readFileSync(resolve('docs/faults.md'), 'utf8');
    expect(faultNames.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });
});

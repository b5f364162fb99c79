import { afterEach, describe, expect, it } from 'vitest';
import { type DnsServer, startDnsServer } from '../../local/dns/server.ts';
import { addressRule } from '../../src/address.ts';
import { createFollowCnames } from '../../src/issuers/acme-cname.ts';
import { DOMAIN, type EmulatedAcme, startAcme } from './acme-bench.ts';
import { last, names, renew, using } from './acme-renewal.ts';

const ELSEWHERE = 'proofs.fabrikam.example';
const cnames = new Map([
  [`_acme-challenge.www.${DOMAIN}`, `www.alias.example`],
  ['www.alias.example', `www.${ELSEWHERE}`],
  [`_acme-challenge.${DOMAIN}`, `apex.${ELSEWHERE}`],
  ['round.example', 'and-round.example'],
  ['and-round.example', 'round.example'],
]);
const mayConnect = addressRule(['127.0.0.1']);

const servers: DnsServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function nameServer(): Promise<string> {
  const server = await startDnsServer(async () => [], { cnames });
  servers.push(server);
  return server.address;
}

/** A CA that follows CNAMEs, and a zone of which the names themselves are no part. */
const delegated = () => startAcme({ zoneName: ELSEWHERE, cname: async (name) => cnames.get(name) });

const following = async ({ restarted, zone }: EmulatedAcme) =>
  restarted({ dns: { zones: [zone.id], waitSeconds: 30, followCnames: true, nameServers: [await nameServer()] } });

describe('names whose challenge is a CNAME', () => {
  it('are proved where the CNAMEs lead, and nothing stays there', () =>
    using(delegated(), async (bench) => {
      const seen = new Set<string>();
      const issuer = await following(bench);
      const watched = {
        ...issuer,
        poll: async (order: Parameters<typeof issuer.poll>[0]) => {
          const status = await issuer.poll(order);
          for (const name of bench.zone.names()) seen.add(name);
          return status;
        },
      };
      expect(last(await renew(bench, names, watched))).toMatchObject({ state: 'issued' });
      expect([...seen].sort()).toEqual(['apex', 'www']);
      expect(bench.zone.names()).toEqual([]);
    }));

  it('are refused with a word about the zones when nobody follows them', () =>
    using(delegated(), async (bench) => {
      await expect(renew(bench)).rejects.toMatchObject({
        code: 'issuer-misconfigured',
        message: expect.stringContaining('is in none of the issuer'),
      });
    }));

  it('are refused when the CNAMEs lead out of the zones', () =>
    using(delegated(), async (bench) => {
      const issuer = await following(bench);
      await expect(renew(bench, [`other.${DOMAIN}`], issuer)).rejects.toMatchObject({
        code: 'issuer-misconfigured',
        message: expect.stringContaining(`_acme-challenge.other.${DOMAIN}`),
      });
    }));
});

describe('CNAMEs', () => {
  const follow = async (name: string) => createFollowCnames({ nameServers: [await nameServer()], mayConnect })(name);

  it('are followed to the end', async () => {
    expect(await follow(`_acme-challenge.www.${DOMAIN}`)).toBe(`www.${ELSEWHERE}`);
    expect(await follow('plain.example')).toBe('plain.example');
  });

  it('that go round are a mistake of the zone', async () => {
    await expect(follow('round.example')).rejects.toMatchObject({
      code: 'issuer-misconfigured',
      message: expect.stringContaining('round.example'),
    });
  });

  it('are looked up later when no name server answers', async () => {
    const address = await nameServer();
    for (const server of servers.splice(0)) await server.close();
    const failing = createFollowCnames({ nameServers: [address], mayConnect });
    await expect(failing('www.example')).rejects.toMatchObject({ code: 'issuer-unreachable' });
  });

  it('are asked for at no address that the estate file does not allow', async () => {
    const strict = createFollowCnames({ nameServers: [await nameServer()], mayConnect: addressRule([]) });
    await expect(strict('www.example')).rejects.toMatchObject({ code: 'issuer-misconfigured' });
  });
});

import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { responseCodes } from '../../local/dns/packet.ts';
import { type DnsServer, startDnsServer, type TextLookup } from '../../local/dns/server.ts';

const servers: DnsServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function resolverFor(lookup: TextLookup, cnames = new Map<string, string>()): Promise<Resolver> {
  const server = await startDnsServer(lookup, { cnames });
  servers.push(server);
  const resolver = new Resolver({ tries: 1 });
  resolver.setServers([server.address]);
  return resolver;
}

describe('the DNS server', () => {
  it("answers Node's own resolver, long texts and several too", async () => {
    const long = 'a'.repeat(300);
    const resolver = await resolverFor(async (name) => (name === '_x.contoso.example' ? ['one', long] : []));
    expect(await resolver.resolveTxt('_X.Contoso.Example')).toEqual([['one'], ['a'.repeat(255), 'a'.repeat(45)]]);
  });

  it('answers by TCP what is too long for a datagram', async () => {
    const texts = Array.from({ length: 30 }, (_, index) => `${index}`.padEnd(200, 'a'));
    const resolver = await resolverFor(async () => texts);
    expect(await resolver.resolveTxt('_x.contoso.example')).toEqual(texts.map((text) => [text]));
  });

  it('has nothing under other names and of other types', async () => {
    const resolver = await resolverFor(async () => []);
    await expect(resolver.resolveTxt('none.contoso.example')).rejects.toMatchObject({ code: 'ENODATA' });
    await expect(resolver.resolve4('none.contoso.example')).rejects.toMatchObject({ code: 'ENODATA' });
  });

  it('leads from a name to the one that it stands for, and on to its texts', async () => {
    const cnames = new Map([
      ['_x.contoso.example', 'x.fabrikam.example'],
      ['x.fabrikam.example', 'end.fabrikam.example'],
    ]);
    const resolver = await resolverFor(async (name) => (name === 'end.fabrikam.example' ? ['one'] : []), cnames);
    expect(await resolver.resolveCname('_X.contoso.example')).toEqual(['x.fabrikam.example']);
    expect(await resolver.resolveTxt('_x.contoso.example')).toEqual([['one']]);
    await expect(resolver.resolveCname('end.fabrikam.example')).rejects.toMatchObject({ code: 'ENODATA' });
  });

  it('says that it failed when it could not look', async () => {
    const resolver = await resolverFor(async () => {
      throw new TypeError('no zone');
    });
    await expect(resolver.resolveTxt('www.contoso.example')).rejects.toMatchObject({ code: 'ESERVFAIL' });
  });

  it('tells a packet that it cannot read from others by its id', async () => {
    const server = await startDnsServer(async () => ['x']);
    servers.push(server);
    const socket = createSocket('udp4');
    const [host, port] = server.address.split(':');
    const answer = await new Promise<Buffer>((resolve) => {
      socket.once('message', resolve);
      socket.send(Buffer.from([0xab, 0xcd, 1]), Number(port), host);
    });
    socket.close();
    expect([...answer.subarray(0, 4)]).toEqual([0xab, 0xcd, 0x80, responseCodes.formatError]);
  });
});

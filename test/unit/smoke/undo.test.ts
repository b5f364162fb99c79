import { describe, expect, it } from 'vitest';
import type { Act, Ledger } from '../../../smoke/ledger.ts';
import { TAG } from '../../../smoke/names.ts';
import type { Answer } from '../../../smoke/rest.ts';
import { type Doors, undoAll } from '../../../smoke/undo.ts';
import { sha256Hex } from '../../../src/certificate/fingerprint.ts';

const RUN = 'perennial-smoke-20261121t170000';
const VAULT = 'https://vault.example';

const answer = (status: number, body: unknown = {}): Answer => ({
  status,
  body,
  text: '',
  headers: new Headers(),
  code: '',
});

/** Answers by method and path; what is not named is 404. What was asked is kept, reads left out. */
function doors(answers: Readonly<Record<string, Answer | (() => Answer)>>, estate = 'estate: now\n') {
  const asked: string[] = [];
  let text = estate;
  const ask = async (method: string, path: string): Promise<Answer> => {
    if (method !== 'GET') asked.push(`${method} ${path}`);
    const found = answers[`${method} ${path}`] ?? answer(404);
    return typeof found === 'function' ? found() : found;
  };
  const all: Doors = {
    arm: {
      ask,
      get: async (id) => {
        const found = await ask('GET', id);
        return found.status === 404 ? undefined : found.body;
      },
      list: async () => [],
    },
    app: {
      health: async () => answer(200),
      ask: async () => answer(200),
      row: async (_vault, name) => (await ask('GET', `/row/${name}`)).body,
      renewal: (id) => ask('GET', `/renewal/${id}`),
      cancel: (id) => ask('POST', `/cancel/${id}`),
    },
    estate: {
      read: async () => ({ text, etag: '1', estate: {} as never }),
      write: async (written) => {
        asked.push('PUT estate');
        text = written;
        return true;
      },
    },
    vault: () => ({ uri: VAULT, ask, need: ask }),
  };
  return { all, asked, estateText: () => text };
}

function ledgerOf(...acts: Act[]): Ledger & { readonly kept: Act[] } {
  const kept = [...acts];
  return {
    ...{ run: RUN, kept, remember: (act) => void kept.push(act), left: () => [...kept].reverse() },
    forget: (act) => void kept.splice(kept.indexOf(act), 1),
  };
}

const certificate: Act = { do: 'certificate', vault: VAULT, name: RUN };
const siteCertificate: Act = { do: 'site-certificate', id: '/certificates/ours' };
const binding: Act = {
  do: 'binding',
  id: '/binding',
  certificate: '/certificates/ours',
  was: { sslState: 'SniEnabled', thumbprint: 'OLD' },
};
const renewals: Act = { do: 'renewals', vault: 'one', certificates: [RUN] };
const estate: Act = {
  do: 'estate',
  run: RUN,
  original: '# mine\nestate: before\n',
  writtenSha256: sha256Hex(Buffer.from('estate: now\n')),
};

const ours = answer(200, { cer: 'MII', tags: { [TAG]: RUN } });
const path = `/certificates/${RUN}`;
const there = {
  [`GET ${path}/`]: ours,
  [`DELETE ${path}`]: answer(200),
  [`GET /deletedcertificates/${RUN}`]: answer(200),
  [`DELETE /deletedcertificates/${RUN}`]: answer(204),
  'GET /binding': answer(200, { properties: { sslState: 'SniEnabled', thumbprint: 'OURS', siteName: 'smoke' } }),
  'GET /certificates/ours': answer(200, { properties: { thumbprint: 'OURS' } }),
  'PUT /binding': answer(200),
  'DELETE /certificates/ours': answer(200),
};

describe('cleaning up', () => {
  it('ends renewals first, then undoes the newest act before the older ones', async () => {
    const { all, asked, estateText } = doors({
      ...there,
      [`GET /row/${RUN}`]: answer(200, { state: 'renewing', id: 'r1' }),
      'POST /cancel/r1': answer(202),
      'GET /renewal/r1': answer(200, { outcome: 'cancelled' }),
    });
    const ledger = ledgerOf(estate, certificate, renewals, siteCertificate, binding);
    const undone = await undoAll(ledger, all);
    expect(undone.map(({ state }) => state)).toEqual(Array(5).fill('undone'));
    expect(asked).toEqual([
      'POST /cancel/r1',
      'PUT /binding',
      'DELETE /certificates/ours',
      `DELETE ${path}/pending`,
      `DELETE ${path}`,
      `DELETE /deletedcertificates/${RUN}`,
      'PUT estate',
    ]);
    expect(ledger.kept).toEqual([]);
    expect(estateText()).toBe('# mine\nestate: before\n');
  });

  it('goes on when one act cannot be undone, and keeps that one', async () => {
    const { all } = doors({ ...there, 'DELETE /certificates/ours': answer(403) });
    const ledger = ledgerOf(estate, certificate, siteCertificate, binding);
    const undone = await undoAll(ledger, all);
    expect(undone.map(({ state }) => state)).toEqual(['undone', 'left', 'undone', 'undone']);
    expect(ledger.kept).toEqual([siteCertificate]);
  });

  it('leaves a certificate alone that carries no tag of the run', async () => {
    const { all, asked } = doors({ ...there, [`GET ${path}/`]: answer(200, { cer: 'MII', tags: { owner: 'shop' } }) });
    const [undone] = await undoAll(ledgerOf(certificate), all);
    expect(undone).toMatchObject({ state: 'left', detail: expect.stringContaining('left alone') });
    expect(asked).toEqual([]);
  });

  it('says until when a vault with purge protection keeps what was deleted', async () => {
    const deleted = answer(200, { scheduledPurgeDate: Date.parse('2027-02-19T00:00:00Z') / 1000 });
    const { all } = doors({
      ...there,
      [`GET /deletedcertificates/${RUN}`]: deleted,
      [`DELETE /deletedcertificates/${RUN}`]: answer(403),
    });
    const ledger = ledgerOf(certificate);
    expect(await undoAll(ledger, all)).toMatchObject([
      { state: 'kept', detail: expect.stringContaining('until 2027-02-19') },
    ]);
    expect(ledger.kept).toEqual([]);
  });

  it('takes out only its entries where somebody has edited the estate file meanwhile', async () => {
    const edited = `plans:\n  web: {}\n  ${RUN}: {}\ncertificates:\n  - { name: shop, plan: web }\n  - { name: ${RUN}, plan: ${RUN} }\n`;
    const { all, estateText } = doors({}, edited);
    expect(await undoAll(ledgerOf(estate), all)).toMatchObject([{ state: 'undone' }]);
    expect(estateText()).toContain('name: shop');
    expect(estateText()).not.toContain(RUN);
  });

  it('leaves a binding alone that shows somebody else’s certificate by now', async () => {
    const theirs = answer(200, { properties: { thumbprint: 'THEIRS' } });
    const { all, asked } = doors({ ...there, 'GET /binding': theirs });
    expect(await undoAll(ledgerOf(binding), all)).toMatchObject([
      { state: 'kept', detail: expect.stringContaining('THEIRS') },
    ]);
    expect(asked).toEqual([]);
  });

  it('finds nothing to do where the act was never done', async () => {
    const before = answer(200, { properties: { thumbprint: 'OLD' } });
    const { all, asked } = doors({ 'GET /binding': before });
    const undone = await undoAll(ledgerOf(certificate, renewals, siteCertificate, binding), all);
    expect(undone.map(({ state }) => state)).toEqual(Array(4).fill('undone'));
    expect(asked).toEqual(['DELETE /certificates/ours']);
  });
});

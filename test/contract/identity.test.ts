import { request } from 'node:https';
import { ManagedIdentityCredential } from '@azure/identity';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIdentity, managedIdentityPath } from '../../local/identity/identity.ts';
import { createTransportCa } from '../../local/transport/ca.ts';
import { type Listener, PortTakenError, serveEmulator } from '../../local/transport/serve.ts';

const identity = createIdentity({ tenantId: '11111111-2222-3333-4444-555555555555' });
const renewer = identity.addPrincipal({ name: 'renewer', clientId: 'renewer-client', objectId: 'renewer-object' });
let listener: Listener;

beforeAll(async () => {
  listener = await serveEmulator(identity, { port: 0 });
  process.env.IDENTITY_ENDPOINT = listener.url + managedIdentityPath;
  process.env.IDENTITY_HEADER = identity.secret;
});

afterAll(async () => {
  delete process.env.IDENTITY_ENDPOINT;
  delete process.env.IDENTITY_HEADER;
  await listener.close();
});

describe('the real ManagedIdentityCredential', () => {
  it('gets a token that the stand knows the principal by', async () => {
    const token = await new ManagedIdentityCredential('renewer-client').getToken('https://vault.azure.net/.default');
    expect(identity.authenticate(`Bearer ${token.token}`, 'https://vault.azure.net')).toEqual(renewer);
    expect(identity.authenticate(`Bearer ${token.token}`, 'https://management.azure.com')).toBeUndefined();
    expect(token.expiresOnTimestamp).toBeGreaterThan(Date.now());
  });

  it('fails for an identity that is not assigned', async () => {
    const credential = new ManagedIdentityCredential('somebody-else');
    await expect(credential.getToken('https://vault.azure.net/.default')).rejects.toThrow(/No User Assigned/);
  });
});

describe('a listener', () => {
  it('names the port that is taken', async () => {
    const second = serveEmulator(identity, { port: listener.port, name: 'identity' });
    await expect(second).rejects.toThrow(PortTakenError);
    await expect(second).rejects.toThrow(`Port ${listener.port} (identity) is already in use`);
  });

  it('speaks TLS that a client with the CA trusts', async () => {
    const ca = createTransportCa();
    const secure = await serveEmulator(identity, { port: 0, tls: ca.issue() });
    const status = await new Promise((resolve, reject) => {
      request(`${secure.url}/else`, { ca: ca.caPem }, (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end();
    });
    await secure.close();
    expect(status).toBe(404);
  });
});

import type { TokenCredential } from '@azure/identity';
import { ARM_AUDIENCE, type ArmOptions, createArm as createArmEmulator } from '../../local/arm/arm.ts';
import type { ArmRoute } from '../../local/arm/request.ts';
import type { EmulatorResponse } from '../../local/emulator.ts';
import { createIdentity, type Identity } from '../../local/identity/identity.ts';
import { createTransportCa } from '../../local/transport/ca.ts';
import { createLine } from '../../local/transport/line.ts';
import { serveEmulator } from '../../local/transport/serve.ts';
import { type Arm, createArm } from '../../src/azure/arm.ts';

const HOUR = 3_600_000;
const transport = createTransportCa();

export interface ArmBench {
  readonly arm: Arm;
  readonly identity: Identity;
  readonly credential: TokenCredential;
  /** `https://localhost:<port>` */
  readonly url: string;
  /** Requests that were answered so far, with 2xx: those that read, and those that change something. */
  readonly counts: { reads: number; writes: number };
  /** The next request (`write`: the next one that is no GET) is answered so, and never arrives. */
  plant(answer: EmulatorResponse, which: 'any' | 'write'): void;
  close(): Promise<void>;
}

/** Azure Resource Manager on HTTPS, and the app's own client of it with a deployer's token. */
export async function armBench({
  role,
  scope,
  routesFor,
  ...options
}: Omit<ArmOptions, 'access'> & {
  /** Actions of the deployer, and the ARM id where it has them. */
  readonly role: readonly string[];
  readonly scope: string;
  /** Routes that have to know who may do what. */
  readonly routesFor?: (access: Identity) => readonly ArmRoute[];
}): Promise<ArmBench> {
  const identity = createIdentity({ tenantId: '22222222-2222-2222-2222-222222222222' });
  const objectId = '33333333-3333-3333-3333-333333333333';
  const principal = identity.addPrincipal({ name: 'deployer', clientId: objectId, objectId });
  identity.assign(principal.id, { actions: [...role], scope });
  const counts = { reads: 0, writes: 0 };
  const planted: { readonly answer: EmulatorResponse; readonly which: 'any' | 'write' }[] = [];
  const line = createLine();
  line.add(async ({ method }, next) => {
    const isWrite = method !== 'GET' && method !== 'HEAD';
    const hit = planted.findIndex(({ which }) => which === 'any' || isWrite);
    const [befalling] = hit < 0 ? [] : planted.splice(hit, 1);
    if (befalling !== undefined) return { state: 'whole', response: befalling.answer };
    const delivery = await next();
    if (delivery.state !== 'none' && delivery.response.status < 300) counts[isWrite ? 'writes' : 'reads'] += 1;
    return delivery;
  });
  const routes = [...(options.routes ?? []), ...(routesFor?.(identity) ?? [])];
  const emulator = createArmEmulator({ ...options, routes, access: identity });
  const listener = await serveEmulator(emulator, { port: 0, tls: transport.issue(), line });
  const credential = {
    getToken: async () => ({
      token: identity.issueToken(principal, ARM_AUDIENCE),
      expiresOnTimestamp: Date.now() + HOUR,
    }),
  };
  const arm = createArm({ endpoint: listener.url, credential, tls: { ca: transport.caPem }, retryMilliseconds: 1 });
  return {
    ...{ arm, identity, credential, counts },
    url: listener.url,
    plant: (answer, which) => void planted.push({ answer, which }),
    close: () => listener.close(),
  };
}

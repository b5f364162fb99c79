import { createHash, X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import type { SeededSite } from './estate-file.ts';
import type { PlaceKind } from './places/stories.ts';

/** What a plain TLS client sees: the stand's own look, by none of the app's code. */
export type Served =
  | { readonly state: 'trusted'; readonly sha256: string }
  | { readonly state: 'untrusted'; readonly sha256: string; readonly problem: string }
  | { readonly state: 'unreachable'; readonly problem: string };

/** One connection with SNI that trusts only `rootPem`. */
export function lookAt(
  endpoint: { readonly port: number; readonly hostName: string },
  rootPem: string,
): Promise<Served> {
  return new Promise((resolve) => {
    // Verification is asked for and its verdict read: the certificate is to be seen even when it is not trusted.
    const socket = connect({
      host: '127.0.0.1',
      port: endpoint.port,
      servername: endpoint.hostName,
      ca: [rootPem],
      rejectUnauthorized: false,
    });
    socket.setTimeout(5000, () => socket.destroy(Object.assign(new TypeError('no answer within 5 seconds'))));
    socket.once('error', (error) => resolve({ state: 'unreachable', problem: error.message }));
    socket.once('secureConnect', () => {
      const { raw } = socket.getPeerCertificate();
      const sha256 = createHash('sha256').update(raw).digest('hex');
      const wrongName =
        new X509Certificate(raw).checkHost(endpoint.hostName) === undefined ? 'name does not match' : undefined;
      const problem = socket.authorized ? wrongName : String(socket.authorizationError);
      socket.end();
      resolve(problem === undefined ? { state: 'trusted', sha256 } : { state: 'untrusted', sha256, problem });
    });
  });
}

/** Where a certificate is served, under a name. */
export interface ServedPlace {
  /** Kind, name and host name. */
  readonly id: string;
  readonly kind: 'app-service' | PlaceKind;
  readonly hostName: string;
  readonly port: number;
}

export function servedBySite({ resourceId, hostName, port }: SeededSite): ServedPlace {
  return servedByPlace({ kind: 'app-service', resourceId, hostName, port });
}

export function servedByPlace({
  kind,
  resourceId,
  hostName,
  port,
}: Omit<ServedPlace, 'id'> & { readonly resourceId: string }): ServedPlace {
  return { id: `${kind}:${resourceId.split('/').at(-1)}:${hostName}`.toLowerCase(), kind, hostName, port };
}

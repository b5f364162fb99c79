import type { EmulatorResponse } from '../../../local/emulator.ts';
import type { PublicCa } from './public-ca.ts';
import type { Call } from './wire.ts';
import type { World } from './world.ts';

interface AcmeRequest {
  readonly publicCa: PublicCa;
  readonly method: string;
  readonly url: URL;
  readonly body: string;
}

/** A request to the public CA: what it is for, and which certificate it is about. */
export function caCall(world: World, { publicCa, method, url, body }: AcmeRequest): Call {
  const payload = payloadOf(body);
  const [host] = (payload?.identifiers as readonly { readonly value: string }[] | undefined) ?? [];
  return {
    ...{ family: 'ca', emulator: publicCa.acme, method, url, body },
    place: `${method} ${placeOf(url)}`,
    certificate: host === undefined ? world.certificateOfUrl.get(url.href) : world.certificateOfHost(host.value),
    isAct: payload !== undefined,
  };
}

/** `order/{id}/finalize` → `finalize`, `order/{id}` → `order`: ids would make every place a place of its own. */
function placeOf({ pathname }: URL): string {
  const [, what = '', , act] = pathname.split('/');
  return act ?? what;
}

/** What was signed; `undefined` when nothing was, or nothing but the question (RFC 8555 6.3). */
function payloadOf(body: string): Readonly<Record<string, unknown>> | undefined {
  if (body === '') return undefined;
  const { payload } = JSON.parse(body) as { readonly payload: string };
  return payload === ''
    ? undefined
    : (JSON.parse(String(Buffer.from(payload, 'base64url'))) as Record<string, unknown>);
}

/** Remembers whose the URLs are that an answer names. */
export function learned(world: World, { certificate }: Call, { headers, body }: EmulatorResponse): void {
  if (certificate === undefined || !String(headers['content-type']).includes('application/json')) return;
  const shown = JSON.parse(String(body)) as {
    readonly authorizations?: readonly string[];
    readonly challenges?: readonly { readonly url: string }[];
    readonly finalize?: string;
    readonly certificate?: string;
  };
  const challenges = shown.challenges?.map(({ url }) => url) ?? [];
  const urls = [headers.location, shown.finalize, shown.certificate, ...(shown.authorizations ?? []), ...challenges];
  for (const url of urls.flat()) if (url !== undefined) world.certificateOfUrl.set(url, certificate);
}

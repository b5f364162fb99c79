import { listAt, textAt } from './json.ts';
import { type Answer, accepted, type Rest } from './rest.ts';

/** The app's HTTP API, with a function key. */
export interface App {
  health(): Promise<Answer>;
  /** Asks for a renewal, without force. */
  ask(vault: string, certificate: string): Promise<Answer>;
  /** The row of a certificate; `undefined` when the app has never looked at it. */
  row(vault: string, certificate: string): Promise<unknown>;
  /** A renewal as it stands. */
  renewal(id: string): Promise<Answer>;
  cancel(id: string): Promise<Answer>;
}

/** `scope`: of a token besides the key, for an app behind a sign-in. */
export function createApp(
  rest: Rest,
  base: URL,
  { key, scope }: { readonly key: string; readonly scope?: string },
): App {
  const call = (method: 'GET' | 'POST', path: string, body?: unknown): Promise<Answer> =>
    rest.call({
      method,
      url: new URL(path, base),
      headers: { 'x-functions-key': key },
      ...(scope !== undefined && { scope }),
      ...(body !== undefined && { body }),
    });
  return {
    health: () => call('GET', '/api/health'),
    ask: (vault, certificate) => call('POST', '/api/renewals', { vault, certificate, comment: 'npm run smoke' }),
    async row(vault, certificate) {
      const url = new URL('/api/renewals', base);
      const { body } = accepted({ method: 'GET', url }, await call('GET', url.pathname));
      const same = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();
      return listAt(body, 'renewals').find(
        (row) => same(textAt(row, 'vault'), vault) && same(textAt(row, 'certificate'), certificate),
      );
    },
    renewal: (id) => call('GET', `/api/renewals/${encodeURIComponent(id)}`),
    cancel: (id) => call('POST', `/api/renewals/${encodeURIComponent(id)}/cancel`, {}),
  };
}

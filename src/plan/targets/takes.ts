import type { KeyType } from '../../certificate/types.ts';
import { factsOf, type Target } from './target.ts';

/** Why a target's kind never serves a certificate of that key; `undefined`: it may. */
export function keyRefusal(
  { kind }: Pick<Target, 'kind'>,
  { keyType, exportable }: { readonly keyType: KeyType; readonly exportable: boolean },
): { readonly reason: 'key-not-exportable' | 'key-not-allowed'; readonly detail: string } | undefined {
  const { takes } = factsOf(kind);
  if (!exportable && !takes.nonExportable) {
    return { reason: 'key-not-exportable', detail: 'takes the key as well, and the policy forbids exporting it' };
  }
  if (takes.keys.includes(keyType)) return undefined;
  return { reason: 'key-not-allowed', detail: `takes ${takes.keys.join(', ')}, and the policy says ${keyType}` };
}

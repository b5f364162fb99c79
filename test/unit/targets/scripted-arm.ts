import type { Arm } from '../../../src/azure/arm.ts';

/** An ARM of resources in memory: `onPut` says what a PUT makes of its body. */
export interface ScriptedArm extends Arm {
  readonly resources: Map<string, unknown>;
  readonly puts: { readonly id: string; readonly body: unknown }[];
}

export function scriptedArm(
  resources: Readonly<Record<string, unknown>>,
  onPut: (id: string, body: unknown, before: unknown) => unknown,
): ScriptedArm {
  const held = new Map(Object.entries(resources).map(([id, body]) => [id.toLowerCase(), body]));
  const puts: ScriptedArm['puts'] = [];
  const never = async () => {
    throw new TypeError('not expected');
  };
  return {
    resources: held,
    puts,
    get: async (id) => held.get(id.toLowerCase()),
    async put(id, body) {
      puts.push({ id, body });
      const after = onPut(id, body, held.get(id.toLowerCase()));
      held.set(id.toLowerCase(), after);
      return { state: 'done', body: after };
    },
    async *list(id) {
      for (const [of, body] of held) if (of.startsWith(`${id.toLowerCase()}/`)) yield body;
    },
    remove: never,
    patch: never,
    post: never,
    operation: never,
  };
}

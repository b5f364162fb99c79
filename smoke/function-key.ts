import type { Arm } from './arm.ts';
import { UsageError } from './errors.ts';
import { textAt } from './json.ts';
import { saidBy } from './rest.ts';

/** The app's default function key, by whoever may list its keys. */
export async function functionKeyOf(arm: Arm, functionAppId: string): Promise<string> {
  const answer = await arm.ask('POST', `${functionAppId}/host/default/listKeys`);
  const key = textAt(answer.body, 'functionKeys', 'default');
  if (answer.status === 200 && key !== '') return key;
  throw new UsageError([
    `SMOKE_FUNCTION_KEY: is not set, and Resource Manager does not tell the key (${saidBy(answer)}); set it, or have Microsoft.Web/sites/host/listKeys/action`,
  ]);
}

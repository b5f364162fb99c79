import { z } from 'zod';

const wiringShape = z.looseObject({
  functionAppId: z.string().min(1),
  delivery: z.enum(['function', 'queue']),
  queueAccountId: z.string(),
  queueName: z.string(),
  deadLetterAccountId: z.string().min(1),
  deadLetterContainer: z.string().min(1),
  actionGroupIds: z.array(z.string()),
  vaults: z
    .array(
      z.looseObject({
        name: z.string().min(1),
        subscriptionId: z.string().min(1),
        resourceGroup: z.string().min(1),
        topic: z.string().min(1),
      }),
    )
    .min(1),
});

/** The output `EVENT_WIRING` of the deployment: see `eventWiring` in infra/parts.bicep. */
export type Wiring = Readonly<z.infer<typeof wiringShape>>;
export type WiredVault = Wiring['vaults'][number];

/** The wiring, or what is wrong with the text. */
export function readWiring(
  text: string,
): { readonly state: 'read'; readonly wiring: Wiring } | { readonly state: 'wrong'; readonly problem: string } {
  try {
    const read = wiringShape.safeParse(JSON.parse(text));
    if (read.success) return { state: 'read', wiring: read.data };
    return {
      state: 'wrong',
      problem: `has wrong members: ${read.error.issues.map(({ path }) => path.join('.') || 'all').join(', ')}`,
    };
  } catch {
    return { state: 'wrong', problem: 'is no JSON' };
  }
}

/** ARM id of a wired vault. */
export function vaultId({ subscriptionId, resourceGroup, name }: WiredVault): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.KeyVault/vaults/${name}`;
}

/** ARM id of the system topic of a wired vault. */
export function topicId({ subscriptionId, resourceGroup, topic }: WiredVault): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.EventGrid/systemTopics/${topic}`;
}

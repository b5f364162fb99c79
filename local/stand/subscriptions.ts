import type { AppProcess } from './app-process.ts';
import type { Stand } from './stand.ts';

const types = [
  'Microsoft.KeyVault.CertificateNearExpiry',
  'Microsoft.KeyVault.CertificateExpired',
  'Microsoft.KeyVault.CertificateNewVersionCreated',
] as const;

/** The app could not be subscribed to a vault's events. */
export class SubscriptionError extends Error {
  override readonly name = 'SubscriptionError';
}

/** Subscribes the app to the events of both vaults: one in each schema of Event Grid. */
export async function subscribeApp(stand: Stand, app: AppProcess): Promise<void> {
  const endpoint = `${app.url}/runtime/webhooks/eventgrid?functionName=certificateEvent&code=${app.keys.systemEventGrid}`;
  for (const [index, name] of stand.estate.vaultNames.entries()) {
    const answer = await stand.cloud.events.subscribe({
      name: `perennial-${index + 1}`,
      endpoint,
      schema: index === 0 ? 'EventGridSchema' : 'CloudEventSchemaV1_0',
      source: stand.cloud.vault(name).resourceId,
      includedEventTypes: [...types],
    });
    if (answer.state === 'refused') throw new SubscriptionError(`Event Grid, ${name}: ${answer.reason}`);
  }
}

import { type CloudEvent, EventGridDeserializer, type EventGridEvent } from '@azure/eventgrid';
import type { StartReason } from '../plan/decision.ts';

/** What an event hints at; the vault is read before anything is believed. */
export interface VaultHint {
  /** URI of the vault, from the object's id. */
  readonly vault: string;
  readonly certificate: string;
  readonly version: string;
  readonly reason: StartReason;
}

export type ReadEvent =
  | { readonly state: 'read'; readonly hint: VaultHint }
  | { readonly state: 'ignored'; readonly type: string }
  | { readonly state: 'malformed'; readonly problem: string };

const REASONS: Readonly<Record<string, StartReason>> = {
  'Microsoft.KeyVault.CertificateNearExpiry': 'near-expiry-event',
  'Microsoft.KeyVault.CertificateExpired': 'expired-event',
  'Microsoft.KeyVault.CertificateNewVersionCreated': 'new-version-event',
};

const OBJECT_ID = /^(https:\/\/[^/?#\s]{1,255})\/certificates\/([0-9A-Za-z-]{1,127})\/([0-9a-fA-F]{32})$/;

/**
 * Reads a Key Vault event in either schema of Event Grid. Azure's samples disagree in spelling (`"ObjectName "`, blanks,
 * numbers as text), and the SDK's types promise camel case that never comes: names are read without case and trimmed.
 */
export async function readVaultEvent(event: unknown): Promise<ReadEvent> {
  try {
    const { type, data } = await deserialize(event);
    const reason = REASONS[type];
    if (reason === undefined) return { state: 'ignored', type: type.slice(0, 100) };
    return hintOf(data, reason);
  } catch (error) {
    return { state: 'malformed', problem: error instanceof Error ? error.message.slice(0, 200) : 'unreadable' };
  }
}

async function deserialize(event: unknown): Promise<{ type: string; data: unknown }> {
  const reader = new EventGridDeserializer();
  const text = JSON.stringify(event) ?? 'null';
  if (typeof event === 'object' && event !== null && 'specversion' in event) {
    const [cloud] = (await reader.deserializeCloudEvents(text)) as (CloudEvent<unknown> | undefined)[];
    return { type: cloud?.type ?? '', data: cloud?.data };
  }
  const [grid] = (await reader.deserializeEventGridEvents(text)) as (EventGridEvent<unknown> | undefined)[];
  return { type: grid?.eventType ?? '', data: grid?.data };
}

function hintOf(data: unknown, reason: StartReason): ReadEvent {
  const id = fieldOf(data, 'id');
  const [, vault, certificate, version] = OBJECT_ID.exec(id) ?? [];
  if (vault === undefined || certificate === undefined || version === undefined) {
    return { state: 'malformed', problem: 'data.Id is not {vault}/certificates/{name}/{version}' };
  }
  return { state: 'read', hint: { vault, certificate, version, reason } };
}

function fieldOf(data: unknown, name: string): string {
  if (typeof data !== 'object' || data === null) return '';
  const found = Object.entries(data).find(([key]) => key.trim().toLowerCase() === name);
  return typeof found?.[1] === 'string' ? found[1].trim() : '';
}

import { z } from 'zod';
import type { EmulatorResponse } from '../emulator.ts';
import { attributesInput, type Call, ok, readBody, seconds, tagsInput, type VaultContext } from './call.ts';
import { disabled } from './errors.ts';
import { paged } from './paging.ts';
import { addSecretVersion, type FoundSecret, newestSecrets, requireSecret, secretVersions } from './secret-store.ts';
import { recovery } from './shapes.ts';

export function getSecret(call: Call): EmulatorResponse {
  const found = requireSecret(call);
  if (!found.version.enabled) throw disabled('secret', 'get');
  return ok({ value: found.version.value(), ...shape(call.vault, found, found.version.id) });
}

/** A secret has at most 25 k characters. */
const setInput = z.object({
  value: z.string().max(25_600),
  contentType: z.string().max(255).optional(),
  attributes: attributesInput.extend({ nbf: z.int(), exp: z.int() }).partial().optional(),
  tags: tagsInput.optional(),
});

export function setSecret(call: Call): EmulatorResponse {
  const { vault, name } = call;
  const { value, contentType, attributes, tags } = readBody(setInput, call);
  const found = addSecretVersion(vault, name, {
    id: vault.chance.id(),
    value: () => value,
    contentType,
    enabled: attributes?.enabled ?? true,
    nbf: attributes?.nbf,
    exp: attributes?.exp,
    created: vault.now(),
    updated: vault.now(),
    tags,
    managed: false,
  });
  return ok({ value, ...shape(vault, found, found.version.id) });
}

export function listSecrets(call: Call): EmulatorResponse {
  const item = (found: FoundSecret): object => shape(call.vault, found, '');
  return ok(paged(call, newestSecrets(call.vault), { key: ({ name }) => name, item }));
}

export function listSecretVersions(call: Call): EmulatorResponse {
  const item = (found: FoundSecret): object => shape(call.vault, found, found.version.id);
  return ok(paged(call, secretVersions(call), { key: ({ version }) => version.id, item }));
}

/** Everything but the value. */
function shape(vault: VaultContext, { name, version }: FoundSecret, id: string): object {
  const { contentType, enabled, nbf, exp, created, updated, tags, managed } = version;
  const { uri } = vault.options;
  return {
    ...(contentType !== undefined && { contentType }),
    id: `${uri}/secrets/${name}${id === '' ? '' : `/${id}`}`,
    attributes: {
      enabled,
      ...(nbf !== undefined && { nbf }),
      ...(exp !== undefined && { exp }),
      created: seconds(created),
      updated: seconds(updated),
      ...recovery(vault),
    },
    ...(tags && { tags }),
    ...(managed && { managed, ...(id !== '' && { kid: `${uri}/keys/${name}/${version.id}` }) }),
  };
}

import { z } from 'zod';
import type { EmulatorResponse } from '../emulator.ts';
import { type Call, ok, readBody } from './call.ts';
import { contactsNotFound } from './errors.ts';
import type { Contact } from './records.ts';

const contact = z.object({
  email: z.string().min(1),
  name: z.string().optional(),
  phone: z.string().optional(),
});

const contactsInput = z.object({ contacts: z.array(contact) });

export function getContacts(call: Call): EmulatorResponse {
  return ok(shape(call, requireContacts(call)));
}

/** Replaces the whole list. */
export function setContacts(call: Call): EmulatorResponse {
  const { contacts } = readBody(contactsInput, call);
  call.vault.state.contacts = contacts;
  return ok(shape(call, contacts));
}

/** Answers with what was there. */
export function deleteContacts(call: Call): EmulatorResponse {
  const contacts = requireContacts(call);
  call.vault.state.contacts = undefined;
  return ok(shape(call, contacts));
}

function requireContacts({ vault }: Call): readonly Contact[] {
  if (vault.state.contacts === undefined) throw contactsNotFound();
  return vault.state.contacts;
}

const shape = ({ vault }: Call, contacts: readonly Contact[]): object => ({
  id: `${vault.options.uri}/certificates/contacts`,
  contacts,
});

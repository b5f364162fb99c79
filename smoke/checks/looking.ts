import { messageOf, SmokeError } from '../errors.ts';
import type { Finding } from '../report.ts';

/** One look. What keeps it from seeing anything, a missing right for instance, is told in its place. */
export async function looking(look: () => Promise<Finding>): Promise<Finding> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof SmokeError) return { unseen: messageOf(error) };
    throw error;
  }
}

/** `as deployed`, or everything that is not. */
export function deployed(problems: readonly string[], detail?: string): Finding {
  if (problems.length > 0) return { saw: problems.join('; ') };
  return { saw: 'as deployed', ...(detail !== undefined && { detail }) };
}

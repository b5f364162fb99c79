import { RenewalError } from '../errors.ts';
import type { Deployment } from './port.ts';

/** What ARM refuses for good is an expected end of one target, not a failure of the step. */
export async function refusedByArm(work: () => Promise<Deployment>): Promise<Deployment> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RenewalError) || error.code !== 'arm-refused') throw error;
    return { state: 'refused', reason: error.message };
  }
}

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

/** ARM names the right that is missing; whoever has to mend it wants the role that gives it, e.g. `Perennial AKS deployer`. */
export async function namingRole<T>(role: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RenewalError) || error.code !== 'arm-forbidden') throw error;
    throw new RenewalError('arm-forbidden', `${error.message}; the role ${role} gives it`, { cause: error });
  }
}

import { pullHours, type Target } from './targets/target.ts';

const SHOWN = 10;

/** Which targets take a new version by themselves, and within how long: nobody of ours has to deploy it there. */
export function takersOf(targets: readonly Target[]): string {
  const all = targets.flatMap((target) => {
    const hours = pullHours(target);
    return hours === undefined ? [] : [`${target.id} within ${hours} h`];
  });
  if (all.length === 0) return 'no target takes it by itself';
  const rest = all.length > SHOWN ? ` and ${all.length - SHOWN} more` : '';
  return `these take it by themselves: ${all.slice(0, SHOWN).join(', ')}${rest}`;
}

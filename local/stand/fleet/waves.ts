/** Percent of the fleet after each wave: 5, 20, 75, 150 and 250 of 500. */
const sharesAfter = [1, 5, 20, 50, 100];

/** How many machines each wave has; of a small fleet some waves are left out. */
export function fleetWaves(machines: number): readonly number[] {
  const ends = sharesAfter.map((share) => Math.ceil((machines * share) / 100));
  return ends.map((end, index) => end - (ends[index - 1] ?? 0)).filter((count) => count > 0);
}

/**
 * Delay before try number `failures + 1`: exponential with full jitter, so that many producers
 * that failed together do not come back together.
 */
export const fullJitter = (
  failures: number,
  base: number,
  cap: number,
  random: () => number,
): number => random() * Math.min(cap, base * 2 ** Math.max(0, Math.min(failures - 1, 30)))

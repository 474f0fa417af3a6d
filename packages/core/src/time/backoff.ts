const JUST_BELOW_ONE = 1 - Number.EPSILON / 2

/**
 * A number in [0, 1) from any source of random numbers: one that gives what is too large or too
 * small is cut off there; one that throws or gives no number is replaced by `Math.random`.
 */
export const randomFraction = (random: () => number): number => {
  let value = Number.NaN
  try {
    value = random()
  } catch {}
  if (typeof value !== 'number' || Number.isNaN(value)) value = Math.random()
  return Math.min(Math.max(value, 0), JUST_BELOW_ONE)
}

/**
 * Delay before try number `failures + 1`: exponential with full jitter, so that many producers
 * that failed together do not come back together.
 */
export const fullJitter = (
  failures: number,
  base: number,
  cap: number,
  random: () => number,
): number =>
  randomFraction(random) * Math.min(cap, base * 2 ** Math.max(0, Math.min(failures - 1, 30)))

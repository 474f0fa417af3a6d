/** Any number up to infinity; what is none means the default. */
export const timeoutOr = (timeout: unknown, fallback: number): number =>
  typeof timeout === 'number' && !Number.isNaN(timeout) ? Math.max(1, timeout) : fallback

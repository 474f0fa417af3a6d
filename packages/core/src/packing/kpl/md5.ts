import { hash } from 'node:crypto'
import { ConfigError } from '../../errors/errors.js'

const tryMd5 = (): void => void hash('md5', '')

/**
 * Each aggregate of `kpl` ends with an MD5, which Node.js refuses in FIPS mode. Asked for once,
 * before any record is admitted: later it would fail each request.
 * @throws {ConfigError} there is no MD5 here
 */
export const requireMd5 = (probe: () => void = tryMd5): void => {
  try {
    probe()
  } catch (error) {
    throw new ConfigError(
      "packing.kind 'kpl' needs MD5 for the digest of its aggregates, and this Node.js does not " +
        "allow MD5 (FIPS mode); use { kind: 'concat' }, which needs no digest",
      { cause: error },
    )
  }
}

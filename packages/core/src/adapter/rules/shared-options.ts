import type { KinesisClientLike } from '../../client/client-types.js'
import type { WIRE_FORMATS } from '../../client/wire-formats.js'
import { checkKeys } from '../../config/check.js'
import type { ProducerConfig } from '../../config/options.js'
import { OPTION_NAMES } from '../../config/resolve.js'

/** Options the adapters share: where the records go, and all of the producer's own. */
export interface SharedOptions extends ProducerConfig {
  /** Name of the stream; give this or `streamArn`. */
  readonly streamName?: string | undefined
  readonly streamArn?: string | undefined
  /**
   * Must be that of `streamArn`, if one is given.
   * @default the region of `streamArn`, or else what the AWS SDK finds (AWS_REGION, profile)
   */
  readonly region?: string | undefined
  /** URL of the service, for an emulator or a VPC endpoint. */
  readonly endpoint?: string | undefined
  /** @default the AWS SDK's own chain */
  readonly credentials?:
    | {
        readonly accessKeyId: string
        readonly secretAccessKey: string
        readonly sessionToken?: string
      }
    | undefined
  /**
   * A role to send with, by its ARN: assumed through STS with `credentials`, or with what the SDK's
   * chain finds, and renewed before it expires. Needs the package `@aws-sdk/credential-providers`.
   */
  readonly roleArn?: string | undefined
  /** The name of the role's session, as CloudTrail shows it. @default 'kinesis-producer' */
  readonly roleSessionName?: string | undefined
  /** What the role's trust policy asks for, if it belongs to another account. */
  readonly externalId?: string | undefined
  /**
   * `cbor`: records go as bytes, without base64; see `createKinesisClient`.
   * @default 'json'
   */
  readonly wireFormat?: (typeof WIRE_FORMATS)[number] | undefined
  /** A client of your own, in place of `region`, `endpoint`, `credentials`, `roleArn` and `wireFormat`. */
  readonly client?: KinesisClientLike | undefined
}

const TARGET_NAMES = [
  'streamName',
  'streamArn',
  'region',
  'endpoint',
  'credentials',
  'roleArn',
  'roleSessionName',
  'externalId',
  'wireFormat',
  'client',
] as const

/**
 * Refuses options that neither the producer nor the adapter has, with a hint.
 * @param where the adapter's name, for messages
 * @param ownNames options that are the adapter's, not the producer's
 * @param unlisted options that are taken, but not listed as those that can be given
 * @throws {ConfigError}
 */
export const checkOptionNames = (
  where: string,
  options: unknown,
  ownNames: readonly string[],
  unlisted: readonly string[] = [],
): void =>
  checkKeys(
    where,
    options,
    [...TARGET_NAMES, ...OPTION_NAMES, ...ownNames].filter(name => !unlisted.includes(name)),
    unlisted,
  )

/**
 * The producer's values that adapters share. A record's own failures are bounded by time: ten tries
 * pass in ten seconds of trouble in the service, in which no log should be lost.
 */
export const RETRY_DEFAULTS: Readonly<{ retryTimeout: number; maxAttemptsPerRecord: number }> =
  Object.freeze({ retryTimeout: 600_000, maxAttemptsPerRecord: Number.MAX_SAFE_INTEGER })

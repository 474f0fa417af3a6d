import type { Role } from '../client/role-credentials.js'
import { checkText, show } from '../config/check.js'
import { ConfigError } from '../errors/errors.js'
import type { SharedOptions } from './rules/shared-options.js'

/** What CloudTrail shows when nobody gave a name. */
const DEFAULT_SESSION_NAME = 'kinesis-producer'

const MAX_ARN = 2048
const MAX_SESSION_NAME = 64
const MAX_EXTERNAL_ID = 1224
/** The patterns of the API reference (STS, AssumeRole). */
const ROLE_ARN = /^arn:[\w-]+:iam::\d{12}:role\/[\w+=,.@/-]+$/
const SESSION_NAME = /^[\w+=,.@-]{2,}$/
const EXTERNAL_ID = /^[\w+=,.@:/-]{2,}$/

/**
 * The role that the options name; undefined if they name none.
 * @throws {ConfigError} naming the option
 */
export const roleOf = (where: string, options: SharedOptions): Role | undefined => {
  const roleArn = checkText(`${where}: roleArn`, options.roleArn, MAX_ARN)
  const roleSessionName = checkText(
    `${where}: roleSessionName`,
    options.roleSessionName,
    MAX_SESSION_NAME,
  )
  const externalId = checkText(`${where}: externalId`, options.externalId, MAX_EXTERNAL_ID)
  if (roleArn === undefined) {
    const [lonely] = Object.keys({
      ...(roleSessionName !== undefined && { roleSessionName }),
      ...(externalId !== undefined && { externalId }),
    })
    if (lonely !== undefined)
      throw new ConfigError(`${where}: ${lonely} needs roleArn: the role to assume`)
    return undefined
  }
  if (!ROLE_ARN.test(roleArn))
    throw new ConfigError(
      `${where}: roleArn must be the ARN of a role, such as arn:aws:iam::123456789012:role/writer, not ${show(roleArn)}`,
    )
  if (roleSessionName !== undefined && !SESSION_NAME.test(roleSessionName))
    throw new ConfigError(
      `${where}: roleSessionName must be 2 to 64 letters, digits and _+=,.@-, not ${show(roleSessionName)}`,
    )
  // Not shown: it is handed around like a password.
  if (externalId !== undefined && !EXTERNAL_ID.test(externalId))
    throw new ConfigError(`${where}: externalId must be 2 to 1224 letters, digits and _+=,.@:/-`)
  return { roleArn, roleSessionName: roleSessionName ?? DEFAULT_SESSION_NAME, externalId }
}

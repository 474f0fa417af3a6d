import { show } from '@kinesis-producer/core/adapter'
import type { Environment, Warn } from '../environment.js'

/** What in the environment says that there is to be no export of logs. */
export const disabledBy = (env: Environment, warn: Warn): string | undefined => {
  const disabled = env['OTEL_SDK_DISABLED']?.trim().toLowerCase() || 'false'
  if (disabled === 'true') return 'OTEL_SDK_DISABLED is true'
  // By the specification anything else is false, and told.
  if (disabled !== 'false')
    warn(`OTEL_SDK_DISABLED is ignored: it must be true or false, not ${show(disabled)}`)
  const exporters = env['OTEL_LOGS_EXPORTER']?.split(',').map(one => one.trim().toLowerCase())
  return exporters?.includes('none') === true ? 'OTEL_LOGS_EXPORTER is none' : undefined
}

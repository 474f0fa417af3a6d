import { childOptions, runChild } from './child-main.js'
import { startEmulator } from './emulator.js'
import { isJson, numberOf } from './json.js'
import { AWS_SHARD_LIMITS } from './shard-limiter.js'

const options = childOptions()
const limits = isJson(options['limits']) ? options['limits'] : {}
const emulator = await startEmulator({
  port: numberOf(options['port']) ?? 0,
  throttle: options['throttle'] !== false,
  limits: {
    recordsPerSecond: numberOf(limits['recordsPerSecond']) ?? AWS_SHARD_LIMITS.recordsPerSecond,
    bytesPerSecond: numberOf(limits['bytesPerSecond']) ?? AWS_SHARD_LIMITS.bytesPerSecond,
  },
})
runChild(emulator.port, emulator)

// What a transport's worker pays for reading lines: pino-abstract-transport by default, which parses
// each line, beside ours, which leaves them all out by their level. Neither sends anything.
import type { Transform } from 'node:stream'
import { pinoKinesis } from '@kinesis-producer/pino-transport'
import build from 'pino-abstract-transport'

const client = { putRecords: () => Promise.reject(new Error('nothing is sent here')) }

const reading = ({ ours = false }: { ours?: boolean }): Transform =>
  ours
    ? pinoKinesis({ streamName: 's', client, minLevel: 'fatal', statsInterval: 0 })
    : build(source => void source.on('data', () => {}))

export default reading

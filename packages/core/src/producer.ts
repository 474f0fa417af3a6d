import { Producer } from './base-producer.js'
import { type KinesisClientLike, parseStream } from './client/client-types.js'
import { streamClientOf } from './client/stream-client.js'
import type { ProducerConfig } from './config/options.js'
import { resolveConfig } from './config/resolve.js'
import { createPipeline } from './pipeline.js'

/**
 * Takes single records and delivers them to a Kinesis data stream in batches.
 *
 * What always holds: admitted = delivered + dropped + remaining; every record settles exactly once,
 * and no drop is silent. Delivery is at least once.
 *
 * It does nothing until `start()`.
 */
export class BatchProducer extends Producer {
  /**
   * @param client a `KinesisClient` or `Kinesis` of the AWS SDK, or any object with `putRecords`
   * @param stream name or ARN of the stream
   * @throws {ConfigError} naming the option, the value and what is allowed
   */
  constructor(client: KinesisClientLike, stream: string, config: ProducerConfig = {}) {
    const target = parseStream(stream)
    const streamClient = streamClientOf(client, target)
    super(createPipeline(streamClient, stream, resolveConfig(config)))
  }
}

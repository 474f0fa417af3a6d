module.exports = {
  ...require('@kinesis-producer/core'),
  ...require('@kinesis-producer/core/adapter'),
  ...require('@kinesis-producer/core/decode'),
  ...require('@kinesis-producer/otel-exporter'),
  ...require('@kinesis-producer/otel-exporter/decode'),
}

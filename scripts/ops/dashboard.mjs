// The dashboard as data: panels in rows, each with its expressions. `npm run write:ops` writes
// ops/grafana/kinesis-producer.json from it; check-ops runs every expression.

/** A producer's series, narrowed by the dashboard's variables. */
const OF = 'job=~"$job",aws_kinesis_stream_name=~"$stream"'
const REQUESTS = 'job=~"$job",messaging_destination_name=~"$stream",messaging_system="aws.kinesis"'
const rate = (metric, more = '') => `rate(${metric}{${OF}${more}}[$__rate_interval])`
const byStream = expr => `sum by (aws_kinesis_stream_name) (${expr})`
const STREAM = '{{aws_kinesis_stream_name}}'

const stat = (title, unit, expr, thresholds, about) => ({
  kind: 'stat',
  width: 4,
  title,
  unit,
  about,
  thresholds,
  targets: [[expr, STREAM]],
})
const graph = (title, unit, about, ...targets) => ({
  kind: 'timeseries',
  width: 12,
  title,
  unit,
  about,
  targets,
})
const quantile = (q, metric, matchers, by) =>
  `histogram_quantile(${q}, sum by (${by}le) (rate(${metric}_bucket{${matchers}}[$__rate_interval])))`

const GOOD = 'green'
const above = (value, color) => [
  { color: GOOD, value: null },
  { color, value },
]

/** Panels from left to right, in a width of 24. */
export const ROWS = [
  {
    title: 'Now',
    panels: [
      stat(
        'Delivered',
        'cps',
        byStream(rate('kinesis_producer_records_delivered_total')),
        [{ color: GOOD, value: null }],
        'Records a second that arrived in the stream.',
      ),
      stat(
        'Remaining',
        'short',
        byStream(`kinesis_producer_records_remaining{${OF}}`),
        [{ color: GOOD, value: null }],
        'Records admitted and not settled.',
      ),
      stat(
        'Oldest record',
        's',
        `max by (aws_kinesis_stream_name) (kinesis_producer_record_oldest_age{${OF}})`,
        above(60, 'orange'),
        'How long the oldest record has waited.',
      ),
      stat(
        'Buffer used',
        'percentunit',
        `max by (aws_kinesis_stream_name) (kinesis_producer_bytes_remaining{${OF}} / kinesis_producer_bytes_capacity{${OF}})`,
        above(0.8, 'orange'),
        'Of bufferBytes. When it is full, whenFull decides.',
      ),
      stat(
        'Dropped or refused, 1 h',
        'short',
        `${byStream(`increase(kinesis_producer_records_dropped_total{${OF}}[1h])`)} + ${byStream(`increase(kinesis_producer_records_refused_total{${OF}}[1h])`)}`,
        above(1, 'red'),
        'Records given up, and records that were never admitted.',
      ),
      stat(
        'Paused',
        'bool_yes_no',
        `max by (aws_kinesis_stream_name) (kinesis_producer_paused{${OF}})`,
        above(1, 'red'),
        'Something has to be corrected first: permission, stream, key or credentials.',
      ),
    ],
  },
  {
    title: 'Records',
    panels: [
      graph(
        'In and out',
        'cps',
        'While both lines lie on each other, all is well.',
        [byStream(rate('kinesis_producer_records_admitted_total')), `admitted ${STREAM}`],
        [byStream(rate('kinesis_producer_records_delivered_total')), `delivered ${STREAM}`],
      ),
      graph(
        'Lost',
        'cps',
        'Dropped by reason, and refused at the door.',
        [
          `sum by (aws_kinesis_stream_name, error_type) (${rate('kinesis_producer_records_dropped_total')})`,
          `dropped {{error_type}} ${STREAM}`,
        ],
        [byStream(rate('kinesis_producer_records_refused_total')), `refused ${STREAM}`],
      ),
      graph(
        'Bytes held',
        'bytes',
        'Data and keys of all that remains, and the most it may be.',
        [`sum by (aws_kinesis_stream_name) (kinesis_producer_bytes_remaining{${OF}})`, STREAM],
        [
          `sum by (aws_kinesis_stream_name) (kinesis_producer_bytes_capacity{${OF}})`,
          `capacity ${STREAM}`,
        ],
      ),
      graph(
        'Records held',
        'short',
        'All that remains, and the most it may be.',
        [byStream(`kinesis_producer_records_remaining{${OF}}`), STREAM],
        [byStream(`kinesis_producer_records_capacity{${OF}}`), `capacity ${STREAM}`],
      ),
      graph(
        'Tried again',
        'cps',
        'Retries, and delivered records that may be in the stream twice.',
        [byStream(rate('kinesis_producer_retries_total')), `retries ${STREAM}`],
        [
          byStream(rate('kinesis_producer_records_possible_duplicates_total')),
          `possible duplicates ${STREAM}`,
        ],
      ),
      graph('Delivered bytes', 'Bps', 'Data and keys that arrived.', [
        byStream(rate('kinesis_producer_bytes_delivered_total')),
        STREAM,
      ]),
    ],
  },
  {
    title: 'Requests and shards',
    panels: [
      graph(
        'Requests',
        'reqps',
        'All requests, and those that failed as a whole, by error.',
        [byStream(rate('kinesis_producer_requests_total')), `all ${STREAM}`],
        [
          `sum by (aws_kinesis_stream_name, error_type) (${rate('kinesis_producer_requests_failed_total')})`,
          `{{error_type}} ${STREAM}`,
        ],
      ),
      graph(
        'Duration of requests',
        's',
        'Of PutRecords, from its start to its answer.',
        ...[0.5, 0.9, 0.99].map(q => [
          quantile(
            q,
            'messaging_client_operation_duration',
            REQUESTS,
            'messaging_destination_name, ',
          ),
          `p${q * 100} {{messaging_destination_name}}`,
        ]),
      ),
      graph(
        'Throttled, by shard',
        'cps',
        'One line far above the others: a hot key. All alike: too few shards.',
        [
          `sum by (aws_kinesis_stream_name, aws_kinesis_shard_id) (${rate('kinesis_producer_throttled_total')})`,
          `${STREAM} {{aws_kinesis_shard_id}}`,
        ],
      ),
      graph('Requests in flight', 'short', 'At most maxInFlight a producer.', [
        byStream(`kinesis_producer_requests_inflight{${OF}}`),
        STREAM,
      ]),
      graph(
        'Records to a Kinesis record',
        'short',
        'What packing achieves; below 1 where records are sent again.',
        [
          `${byStream(rate('kinesis_producer_records_delivered_total'))} / ${byStream(rate('messaging_client_sent_messages_total'))}`,
          STREAM,
        ],
      ),
      graph('Records to a request', 'short', 'Kinesis records, at most 500.', [
        `${byStream(rate('messaging_client_sent_messages_total'))} / ${byStream(rate('kinesis_producer_requests_total'))}`,
        STREAM,
      ]),
    ],
  },
  {
    title: 'Logs (OpenTelemetry exporter)',
    panels: [
      graph('Logs exported', 'cps', 'By outcome; without an error they were delivered.', [
        `sum by (aws_kinesis_stream_name, error_type) (${rate('otel_sdk_exporter_log_exported_total')})`,
        `${STREAM} {{error_type}}`,
      ]),
      graph('Logs in flight', 'short', 'Their outcome is not known yet.', [
        byStream(`otel_sdk_exporter_log_inflight{${OF}}`),
        STREAM,
      ]),
      graph('Shortened to fit', 'cps', 'Logs, resources and scopes larger than a record.', [
        `sum by (aws_kinesis_stream_name, kinesis_item) (${rate('kinesis_exporter_truncated_total')})`,
        `${STREAM} {{kinesis_item}}`,
      ]),
      graph('Duration of exports', 's', 'Of a batch, until all its logs have ended.', [
        quantile(0.99, 'otel_sdk_exporter_operation_duration', OF, 'aws_kinesis_stream_name, '),
        `p99 ${STREAM}`,
      ]),
    ],
  },
]

const SOURCE = { type: 'prometheus', uid: '${datasource}' }

const variable = (name, label, metric) => ({
  name,
  label,
  type: 'query',
  datasource: SOURCE,
  definition: metric,
  query: { query: metric, refId: name },
  includeAll: true,
  multi: true,
  allValue: '.*',
  current: { text: 'All', value: '$__all' },
  refresh: 2,
  sort: 1,
})

const HEIGHTS = { stat: 4, timeseries: 8 }

const panel = ({ kind, width, title, unit, about, thresholds, targets }, id, x, y) => ({
  id,
  type: kind,
  title,
  description: about,
  datasource: SOURCE,
  gridPos: { h: HEIGHTS[kind], w: width, x, y },
  fieldConfig: {
    defaults: {
      unit,
      min: 0,
      ...(thresholds !== undefined && { thresholds: { mode: 'absolute', steps: thresholds } }),
    },
    overrides: [],
  },
  options:
    kind === 'stat'
      ? { reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false }, textMode: 'auto' }
      : {
          legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
          tooltip: { mode: 'multi', sort: 'desc' },
        },
  targets: targets.map(([expr, legendFormat], i) => ({
    refId: String.fromCodePoint(65 + i),
    datasource: SOURCE,
    expr,
    legendFormat,
  })),
})

const panelsOf = rows => {
  const panels = []
  let y = 0
  for (const { title, panels: own } of rows) {
    panels.push({
      id: panels.length + 1,
      type: 'row',
      title,
      collapsed: false,
      gridPos: { h: 1, w: 24, x: 0, y },
      panels: [],
    })
    y++
    let x = 0
    for (const one of own) {
      if (x + one.width > 24) {
        x = 0
        y += HEIGHTS[one.kind]
      }
      panels.push(panel(one, panels.length + 1, x, y))
      x += one.width
    }
    y += HEIGHTS[own.at(-1).kind]
  }
  return panels
}

/** What Grafana imports. */
export const dashboard = () => ({
  uid: 'kinesis-producer',
  title: 'Kinesis producer',
  description: 'Producers of kinesis-producer: what they deliver, hold, lose and wait for.',
  tags: ['kinesis'],
  schemaVersion: 39,
  version: 1,
  editable: true,
  graphTooltip: 1,
  refresh: '30s',
  time: { from: 'now-1h', to: 'now' },
  templating: {
    list: [
      {
        name: 'datasource',
        label: 'Prometheus',
        type: 'datasource',
        query: 'prometheus',
        current: {},
      },
      variable('job', 'Job', 'label_values(kinesis_producer_records_admitted_total, job)'),
      variable(
        'stream',
        'Stream',
        'label_values(kinesis_producer_records_admitted_total{job=~"$job"}, aws_kinesis_stream_name)',
      ),
    ],
  },
  links: [
    {
      title: 'Runbooks',
      type: 'link',
      url: 'https://github.com/kinesis-producer/kinesis-producer/blob/main/docs/runbooks/README.md',
    },
  ],
  annotations: { list: [] },
  panels: panelsOf(ROWS),
})

/** The file of it. */
export const dashboardFile = () => `${JSON.stringify(dashboard(), null, 2)}\n`

// The operations pack against a real Prometheus: rules and their tests by promtool; then producers
// in every kind of trouble are scraped, and every expression of alerts and dashboard must say so.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { dashboard, dashboardFile } from './ops/dashboard.mjs'
import { startPrometheus, tool } from './ops/prometheus.mjs'

const { expectedAlerts, possibleAlerts, startOutage, TROUBLES } = await import(
  new URL('../build/test/support/ops/outage.js', import.meta.url).href
)
const root = fileURLToPath(new URL('..', import.meta.url))
const rules = ['recording', 'alerts', 'otlp-names'].map(name =>
  join(root, `ops/prometheus/${name}.rules.yml`),
)
const problems = []

const promtool = (...args) => {
  const { status, stdout, stderr } = spawnSync(tool('promtool'), args, { encoding: 'utf8' })
  if (status !== 0) problems.push(`promtool ${args.slice(0, 2).join(' ')}: ${stdout}${stderr}`)
}
promtool('check', 'rules', '--lint-fatal', ...rules)
promtool('test', 'rules', join(root, 'ops/prometheus/rules.test.yml'))

// By `require`, as its types bring those of browsers along.
const { parse } = createRequire(import.meta.url)('@cdktf/hcl2json')
const terraform = await parse('main.tf', readFileSync(join(root, 'ops/terraform/main.tf'), 'utf8'))
if (terraform.resource?.aws_kinesis_stream === undefined)
  problems.push('ops/terraform/main.tf has no stream')

const written = join(root, 'ops/grafana/kinesis-producer.json')
if (readFileSync(written, 'utf8') !== dashboardFile())
  problems.push('the dashboard is not what scripts/ops/dashboard.mjs says: npm run write:ops')

const work = mkdtempSync(join(tmpdir(), 'check-ops-'))
const outage = await startOutage()
const config = join(work, 'prometheus.yml')
writeFileSync(
  config,
  JSON.stringify({
    global: { scrape_interval: '500ms', evaluation_interval: '500ms' },
    // The groups have an interval of their own, too long for this run.
    rule_files: rules.map((file, i) => {
      const copy = join(work, `${i}.yml`)
      writeFileSync(copy, readFileSync(file, 'utf8').replaceAll(/^ +interval: .*\n/gm, ''))
      return copy
    }),
    scrape_configs: Object.entries(outage.targets).map(([job, port]) => ({
      job_name: job,
      static_configs: [{ targets: [`127.0.0.1:${port}`] }],
    })),
  }),
)
const prometheus = await startPrometheus(config)

const activeAlerts = async () => {
  const { alerts } = await prometheus.get('/api/v1/alerts')
  const seen = alerts.map(
    ({ labels }) => `${labels.job} ${labels.aws_kinesis_stream_name} ${labels.alertname}`,
  )
  return [...new Set(seen)]
}
const wait = ms => new Promise(resolve => setTimeout(resolve, ms))

/** Expressions of the dashboard as Grafana would send them, for one job. */
const inGrafana = (expr, job) =>
  expr.replaceAll('$__rate_interval', '1m').replaceAll('$job', job).replaceAll('$stream', '.*')

try {
  // Everything has been scraped and evaluated some times by then.
  let seen = []
  for (let tries = 60; tries > 0; tries--) {
    await wait(1000)
    seen = await activeAlerts()
    if (expectedAlerts.every(alert => seen.includes(alert))) break
  }
  // What should not be there has time to appear as well.
  await wait(2000)
  seen = await activeAlerts()
  for (const alert of expectedAlerts)
    if (!seen.includes(alert)) problems.push(`not alerted: ${alert}`)
  for (const alert of seen)
    if (!expectedAlerts.includes(alert) && !possibleAlerts.includes(alert))
      problems.push(`alerted without a reason: ${alert}`)
  const { groups } = await prometheus.get('/api/v1/rules')
  for (const { name, health, lastError } of groups.flatMap(group => group.rules))
    if (health !== 'ok') problems.push(`rule ${name} is ${health}: ${lastError}`)

  let expressions = 0
  for (const { title, type, targets = [] } of dashboard().panels) {
    if (type === 'row') continue
    for (const { expr } of targets) {
      for (const job of Object.keys(outage.targets)) {
        const { result } = await prometheus.get('/api/v1/query', { query: inGrafana(expr, job) })
        expressions++
        // What the exporter alone knows prom-client does not.
        if (job === 'prom-client' && /otel_sdk|kinesis_exporter/.test(expr)) continue
        const values = result.map(({ value }) => Number(value[1]))
        if (!values.some(value => Number.isFinite(value) && value > 0))
          problems.push(`panel "${title}" shows nothing above 0 for ${job}: ${expr}`)
        if (values.some(value => value < 0))
          problems.push(`panel "${title}" shows less than 0 for ${job}: ${expr}`)
      }
    }
  }
  const streams = await prometheus.get('/api/v1/label/aws_kinesis_stream_name/values')
  for (const stream of Object.keys(TROUBLES))
    if (!streams.includes(stream)) problems.push(`the variable "stream" lacks ${stream}`)
  if (problems.length === 0)
    console.log(
      `check-ops: ${expectedAlerts.length} alerts and ${expressions} expressions of the dashboard say what is so`,
    )
} finally {
  await prometheus.stop()
  await outage.stop()
  rmSync(work, { recursive: true, force: true })
}
for (const problem of problems) console.error(`check-ops: ${problem}`)
process.exit(problems.length === 0 ? 0 : 1)

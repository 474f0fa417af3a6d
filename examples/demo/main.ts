// Real logs of a real service into Kinesis in three ways, with trouble on the way, and back out, counted.
import { randomUUID } from 'node:crypto'
import { readAll } from '@kinesis-producer/testing'
import { createRunReport, type RunReport } from '@kinesis-producer/testing/report'
import { DemoError, HELP, readArgs } from './args.js'
import { Progress } from './progress.js'
import { count, print } from './report.js'
import { type Service, startService } from './service.js'
import { openTarget, type Target } from './target.js'
import { drive } from './traffic.js'

/** What happens at which share of the requests. */
const PHASES = [
  { from: 0, name: 'all well', faults: [] },
  { from: 0.2, name: 'shards throttled', faults: ['throttle=0.5'] },
  { from: 0.5, name: 'OUTAGE: every request gets a 503', faults: ['error=1:ServiceUnavailable'] },
  { from: 0.7, name: 'recovered', faults: [] },
] as const

const runDemo = async (): Promise<number> => {
  const args = readArgs(process.argv.slice(2))
  if (args.help) {
    console.log(HELP)
    return 0
  }
  const target = await openTarget(args)
  try {
    console.log(`Writing to ${target.name}.`)
    const run = randomUUID()
    let report: RunReport | undefined
    const service = await startService(target, run, request => report?.onRequest(request))
    report = createRunReport(service, {
      title: 'npm run demo: the audit producer',
      names: ['audit'],
      interval: 100,
    })
    const progress = new Progress()
    await driveThroughPhases(target, service, args.requests, progress, report)
    await service.close()
    progress.end()
    await report.write(args.report)
    console.log('Shut down properly. Reading the stream back ...')
    const rows = count(await readAll(target.client, target.connection.streamName), run, service)
    print(rows, service)
    console.log(`A picture of the run: ${args.report}`)
    const lost = rows.reduce((sum, row) => sum + row.lost, 0)
    console.log(lost === 0 ? '\nNothing was lost.' : `\n${lost} records were LOST.`)
    return lost === 0 ? 0 : 1
  } finally {
    await target.close()
  }
}

const driveThroughPhases = async (
  target: Target,
  service: Service,
  requests: number,
  progress: Progress,
  report: RunReport,
): Promise<void> => {
  let phase: (typeof PHASES)[number] = PHASES[0]
  await drive(service.url, requests, done => {
    const next = PHASES.findLast(({ from }) => done >= from * requests) ?? phase
    if (next !== phase && target.trouble !== undefined) {
      phase = next
      target.trouble(...next.faults)
      report.mark(next.faults.length > 0 ? next.name : undefined)
    }
    progress.draw(service, done, requests, target.trouble === undefined ? '' : phase.name)
  })
}

try {
  process.exitCode = await runDemo()
} catch (error) {
  if (!(error instanceof DemoError)) throw error
  console.error(`demo: ${error.message}`)
  process.exitCode = 2
}

// Writes the dashboard of ops/grafana from its table.
import { writeFileSync } from 'node:fs'
import { dashboardFile } from './dashboard.mjs'

writeFileSync(new URL('../../ops/grafana/kinesis-producer.json', import.meta.url), dashboardFile())

export type { RunReportOptions, RunSource, RunStats } from './index.js'
export { createRunReport, RunReport } from './index.js'

export { createRunReport, RunReport, type RunReportOptions, type RunSource } from './run-report.js'
export type { RunStats } from './samples.js'

/**
 * What an agent of somebody else's needs to run programs. Apart from processes.ts, because Node's own module for it costs
 * a monitor time that only looks whether a process is there.
 */
export { spawnDetached } from './background-program'
export { findProgram } from './find-program'
export { describeFailure, type ProgramOptions, type ProgramResult, runProgram } from './run-program'

/** What an agent of somebody else's needs of the system it runs on; the rest of this folder may change at any time. */
export { spawnDetached } from './background-program'
export { findProgram } from './find-program'
export { findProcess, type Process, signalProcess, startTime } from './processes'
export { describeFailure, type ProgramOptions, type ProgramResult, runProgram } from './run-program'

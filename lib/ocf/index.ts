/** The toolkit: everything an agent is made of that has to do with the OCF contract, and nothing else. */
export { Deadline, DeadlineError } from './deadline'
export { type Action, type Agent, type Context, defineAgent, type Explain } from './definition'
export { type Members, type Notification, type OcfEnvironment, type Role } from './environment'
export { messageOf, OcfError } from './errors'
export { describeExitCode, ExitCode } from './exit-codes'
export { type Log } from './log'
export {
  absolutePath,
  boolean,
  bytes,
  choice,
  integer,
  type Parameter,
  type ParameterProblem,
  type Parameters,
  seconds,
  text,
  type Values,
  words,
} from './parameters'
export { isTerminal, print, printError } from './output'
export { carryOut, namedSteps, type Plan } from './plan'
export { runAgent } from './run'

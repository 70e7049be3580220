/** Act: a promotion or a demotion of the program. */
import { copyFileSync, rmSync } from 'node:fs'
import { carryOut, ExitCode, namedSteps, OcfError } from 'ocf-ts'
import { type Context } from './agent'
import { decideRole } from './decide'
import { observe, promotionFile } from './observe'

async function runCommand(name: 'promote' | 'demote', { values, deadline }: Context): Promise<void> {
  const [program, ...args] = values[name]
  if (program === undefined) return
  const { describeFailure, runProgram } = await import('ocf-ts/programs')
  const result = await runProgram(program, args, { deadline })
  if (result.code !== 0) {
    throw new OcfError(ExitCode.ERR_GENERIC, `${name}: ${describeFailure(program, result)}`)
  }
}

export async function changeRole(context: Context, wanted: 'promoted' | 'unpromoted'): Promise<ExitCode> {
  const { pidfile } = context.values
  const facts = observe(context.values)
  const name = wanted === 'promoted' ? 'promote' : 'demote'
  return carryOut(
    context,
    facts,
    decideRole(facts, wanted),
    namedSteps(
      {
        'run command': `run ${context.values[name].join(' ') || 'nothing'}`,
        'note role': `note in ${promotionFile(pidfile)}: ${wanted}`,
      },
      {
        'run command': () => runCommand(name, context),
        'note role': () => {
          if (wanted === 'promoted') copyFileSync(pidfile, promotionFile(pidfile))
          else rmSync(promotionFile(pidfile), { force: true })
          return Promise.resolve()
        },
      },
    ),
  )
}

/** Labs of a command that a person may end at any time. */
import { constants } from 'node:os'
import { Lab, type LabOptions } from '../../test/cluster/lab'

const open = new Set<Promise<Lab>>()
let ending = false

/**
 * Runs `work` on a lab that is gone afterwards, however that ends. With `keep` in the options it stays; a signal
 * ends it all the same, for then nobody was told yet that it is there.
 *
 * @param cleanUp - runs what removes the lab, and may show that it does
 */
export async function withLab<T>(
  options: LabOptions,
  work: (lab: Lab) => Promise<T>,
  cleanUp: (remove: () => Promise<void>) => Promise<void> = (remove) => remove(),
): Promise<T> {
  const creating = Lab.create(options)
  open.add(creating)
  try {
    return await work(await creating)
  } catch (error) {
    // What a dying lab makes fail is no failure to tell of: the process ends when the lab is gone.
    if (ending) await new Promise(() => undefined)
    throw error
  } finally {
    open.delete(creating)
    const lab = await creating.catch(() => undefined)
    if (lab && !options.keep && !ending) await cleanUp(() => lab.destroy())
  }
}

/** Ends the labs, then the process, when a signal asks for it. A second one ends it at once. */
export function endLabsOnSignals(announce: () => void): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      if (ending) return
      ending = true
      announce()
      const destroyed = [...open].map(async (creating) => (await creating).destroy())
      void Promise.allSettled(destroyed).then(() => process.exit(128 + constants.signals[signal]))
    })
  }
}

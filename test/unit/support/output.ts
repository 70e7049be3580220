/** What a piece of code writes to standard output and standard error. */
import { jest } from '@jest/globals'

export interface Output<T> {
  readonly result: T
  readonly stdout: string
  readonly stderr: string
}

export async function outputOf<T>(run: () => Promise<T> | T): Promise<Output<T>> {
  const written = { stdout: '', stderr: '' }
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    jest.spyOn(process[stream], 'write').mockImplementation((chunk) => {
      written[stream] += String(chunk)
      return true
    }),
  )
  try {
    return { result: await run(), ...written }
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}

/** Called by a boxed drill: `drill-box-power.ts LAB off|on NODE` takes a node's power, or gives it back and boots it. */
import { Lab } from '../test/cluster/lab'

async function main([lab = '', state, name = '']: readonly string[]): Promise<void> {
  const node = Lab.attach(lab).node(name)
  if (state === 'off') return node.powerOff()
  await node.powerOn()
  await node.boot()
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})

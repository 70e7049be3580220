/** Says for scripts/setup what a system's root file system is made of: directory, suite and packages, one a line. */
import { cachedRoot, isThisMachine, systemNamed } from '../../test/systems'

const system = systemNamed(process.argv[2] ?? '')
if (!isThisMachine(system)) console.log([cachedRoot(system), system.suite, ...system.packages].join('\n'))

/** Says for scripts/setup what a system's root file system is made of: directory, suite and packages, one a line. */
import { cachedRoot, demoSystem, isThisMachine, systemNamed } from '../../test/systems'

const name = process.argv[2] ?? ''
const system = name.endsWith('-demo') ? demoSystem(name.replace(/-demo$/, '')) : systemNamed(name)
if (!isThisMachine(system)) console.log([cachedRoot(system), system.suite, ...system.packages].join('\n'))

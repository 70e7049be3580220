/** `npm run build`: dist/@NAME@, or of another definition (`npm run build -- src/other.ts`) what it is named. */
import { buildAgent } from 'ocf-ts/build'

const [definition = 'src/agent.ts'] = process.argv.slice(2)

void buildAgent({ definition, provider: '@PROVIDER@' }).then(({ path, bytes }) => {
  process.stdout.write(`${path}  ${Math.round(bytes / 1024)} kB\n`)
})

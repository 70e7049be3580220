import { buildAgent } from 'ocf-ts/build'

void buildAgent({ definition: 'src/agent.ts', provider: '@PROVIDER@' }).then(({ path, bytes }) => {
  process.stdout.write(`${path}  ${Math.round(bytes / 1024)} kB\n`)
})

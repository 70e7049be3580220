/** Act: how much this node is wanted as the promoted one. Pacemaker promotes only where somebody has said so. */
import { messageOf } from 'ocf-ts'
import { type Context } from './agent'

/** All nodes alike; raise it where a node has better data than the others. */
const SCORE = '10'

async function setScore({ env, deadline }: Context, score: string | undefined): Promise<void> {
  // Called by hand, perhaps where there is no cluster.
  if (env.featureSet === undefined) return
  const { changePromotionScore, localNodeName } = await import('ocf-ts/cluster')
  const node = await localNodeName(env, deadline)
  const whose = { resource: env.resource, node, instanceNumber: env.instance, featureSet: env.featureSet }
  await changePromotionScore(whose, node, score, deadline)
}

export async function offer(context: Context): Promise<void> {
  await setScore(context, SCORE)
}

/** A stop must end also where the cluster's daemons have gone already, and their attributes with them. */
export async function withdraw(context: Context): Promise<void> {
  try {
    await setScore({ ...context, deadline: context.deadline.within(5000) }, undefined)
  } catch (error) {
    context.log.warning(`the promotion score is not deleted: ${messageOf(error)}`)
  }
}

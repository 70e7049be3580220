/** What an agent of somebody else's needs of pacemaker; the rest of this folder may change at any time. */
export {
  type AttributeChange,
  changeAttribute,
  changePromotionScore,
  type Lifetime,
  type Scored,
} from './attributes'
export { localNodeName } from './node-name'
export { resourceEnvironment } from './resource-environment'

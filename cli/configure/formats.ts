/** The languages that a configuration can be written in. */
export const FORMATS = ['crm', 'pcs'] as const
export type Format = (typeof FORMATS)[number]

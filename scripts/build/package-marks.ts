/** The lines before and after an npm package in the comments at an executable's end. */
export const beginOf = (name: string): string => `\n//# package ${name} after line `
export const endOf = (name: string): string => `\n//# end of package ${name}\n`

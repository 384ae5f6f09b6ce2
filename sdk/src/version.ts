/**
 * Of package.json, put in by the build.
 */
declare const SDK_VERSION: string

export const VERSION: string = SDK_VERSION

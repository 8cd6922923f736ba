/**
 * Where the modules of the local backend find their settings. They are defined outside of it: a configuration file has them too.
 *
 * @since 0.1.0
 */
export * from "../localSettings.js"

export const accessToken: string

export const environment: (endpoint: string) => NodeJS.ProcessEnv

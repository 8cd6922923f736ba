import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as ApiKey from "effect-agentcore-identity/ApiKey"

const {
  CALENDAR_ORIGIN: calendarOrigin = "https://www.googleapis.com",
  ORIGIN: origin = "http://localhost:3000",
  WEATHER_ORIGIN: weatherOrigin = "https://api.weather.example.com"
} = process.env

export class Calendar extends AccessToken.Tag<Calendar>()("app/Calendar", {
  provider: "calendar",
  flow: "USER_FEDERATION",
  scopes: ["openid", "read"],
  returnUrl: `${origin}/connect/return`
}) {}

export class Weather extends ApiKey.Tag<Weather>()("app/Weather", { provider: "weather" }) {}

/** The credentials, and the only origins that get them. */
export const forwardAuth = [
  { credential: Calendar, origins: [calendarOrigin] },
  { credential: Weather, origins: [weatherOrigin], header: "X-Api-Key" }
] as const

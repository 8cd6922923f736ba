/** A client of the calendar. The token is that of the user. */
export const readEvents = async (day: string, token: string): Promise<unknown> => {
  const url = new URL(process.env.CALENDAR_API ?? "https://calendar.example.com/events")
  url.searchParams.set("day", day)
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
  if (!response.ok) throw new Error(`The calendar responded with ${response.status}`)
  return response.json()
}

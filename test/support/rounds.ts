/** How often a test repeats itself: in full where `CI` is set (`CI=1 npm test`), and a few times for a quick answer else. */
export const rounds = ({ few, full }: { readonly few: number; readonly full: number }): number =>
  (process.env["CI"] ?? "") === "" ? few : full

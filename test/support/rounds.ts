/** How often a test repeats: in full if `CI` is set (`CI=1 npm test`), otherwise a few times. */
export const rounds = ({ few, full }: { readonly few: number; readonly full: number }): number =>
  (process.env["CI"] ?? "") === "" ? few : full

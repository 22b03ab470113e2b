/** The words around the first match, as pieces of which the matched ones are marked. Offsets count characters, not UTF-16 units. */
export function snippet(text: string, highlights: readonly (readonly number[] | null)[] | null, width = 220): { text: string; hit: boolean }[] {
  const points = [...text];
  const spans = (highlights ?? []).flatMap((span) => (span && (span[1] ?? 0) > (span[0] ?? 0) ? [span] : [])).toSorted((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
  const first = spans[0]?.[0] ?? 0;
  let from = Math.max(0, first - 50);
  while (from > 0 && from < first && !/\s/.test(points[from - 1] ?? " ")) from++;
  const to = Math.min(points.length, from + width);
  const pieces: { text: string; hit: boolean }[] = [];
  const add = (a: number, b: number, hit: boolean) => {
    if (b > a) pieces.push({ text: points.slice(a, b).join("").replace(/\s+/g, " "), hit });
  };
  if (from > 0) pieces.push({ text: "… ", hit: false });
  let at = from;
  for (const [start = 0, end = 0] of spans) {
    if (start < at || start >= to) continue;
    add(at, start, false);
    add(start, Math.min(end, to), true);
    at = Math.min(end, to);
  }
  add(at, to, false);
  if (to < points.length) pieces.push({ text: " …", hit: false });
  return pieces;
}

/** Items whose label has the letters of the query in their order, the closest first; all of them for an empty query. */
export function match<T extends { label: string }>(items: readonly T[], query: string): T[] {
  if (query === "") return [...items];
  return items
    .map((item) => ({ item, score: score(item.label.toLowerCase(), query.toLowerCase()) }))
    .filter((scored) => scored.score > 0)
    .toSorted((a, b) => b.score - a.score)
    .map((scored) => scored.item);
}

/** 0 for no match; higher for whole words, beginnings of words and letters that follow each other. */
function score(label: string, query: string): number {
  const at = label.indexOf(query);
  if (at >= 0) return 100 + (at === 0 ? 20 : /[\s/_.-]/.test(label[at - 1] ?? "") ? 10 : 0) - label.length / 1000;
  let from = 0;
  let runs = 0;
  let last = -2;
  for (const letter of query) {
    if (letter === " ") continue;
    const found = label.indexOf(letter, from);
    if (found < 0) return 0;
    if (found !== last + 1) runs++;
    last = found;
    from = found + 1;
  }
  return runs > 4 ? 0 : 50 - runs * 8;
}

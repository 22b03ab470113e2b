import { expect, it } from "vitest";
import { snippet } from "./snippet";

const brief = (text: string, spans: number[][] | null, width?: number) =>
  snippet(text, spans, width)
    .map((piece) => (piece.hit ? `[${piece.text}]` : piece.text))
    .join("");

it("marks the matched characters, counted as characters", () => {
  expect(brief("an 😀 annealed film", [[5, 13]])).toBe("an 😀 [annealed] film");
  expect(brief("退火时间为四十分钟", [[0, 2], [5, 8]])).toBe("[退火]时间为[四十分]钟");
});

it("begins near the first match at a word, and says where it was cut", () => {
  const text = `${"word ".repeat(40)}target ${"tail ".repeat(40)}`;
  const cut = brief(text, [[200, 206]], 80);
  expect(cut).toMatch(/^… (word )+\[target\] (tail )*/);
  expect(cut.endsWith(" …")).toBe(true);
  expect([...cut].length).toBeLessThan(95);
});

it("copes with spans that overlap, are out of order or beyond the text", () => {
  expect(brief("abcdef", [[4, 9], [0, 3], [1, 2]])).toBe("[abc]d[ef]");
  expect(brief("abc", null)).toBe("abc");
  expect(brief("", [[0, 1]])).toBe("");
});

import { describe, expect, it } from "vitest";
import { csvRows, indexOf, lineBlocks, separatorOf, toIndices } from "./offsets";

describe("offsets", () => {
  it("count characters, not UTF-16 units", () => {
    const text = "a𝛼b中\u{1f600}c";
    expect(indexOf(text, 2)).toBe(3);
    expect(text.slice(...Object.values(toIndices(text, 1, 4)))).toBe("𝛼b中");
    expect(text.slice(...Object.values(toIndices(text, 4, 6)))).toBe("\u{1f600}c");
    expect(toIndices(text, 50, 60)).toEqual({ start: text.length, end: text.length });
  });
});

describe("lineBlocks", () => {
  it("joins to the text and numbers the lines", () => {
    const text = Array.from({ length: 450 }, (_, i) => `line ${i + 1}`).join("\r\n");
    const blocks = lineBlocks(text);
    expect(blocks.flatMap((b) => b.lines).join("")).toBe(text);
    expect(blocks.map((b) => b.first)).toEqual([1, 201, 401]);
    for (const block of blocks) expect(text.startsWith(`line ${block.first}`, block.start)).toBe(true);
  });
  it("shows an empty text as one empty line and no line behind the last", () => {
    expect(lineBlocks("")).toEqual([{ first: 1, start: 0, lines: [""] }]);
    expect(lineBlocks("a\n")[0]?.lines).toEqual(["a\n"]);
  });
});

describe("csvRows", () => {
  it("reads quotes, doubled quotes and line breaks within", () => {
    const text = 'a,b\r\n"x, ""y""","1\n2"\n\nlast,\n';
    const rows = csvRows(text, ",");
    expect(rows.map((r) => r.cells)).toEqual([["a", "b"], ['x, "y"', "1\n2"], ["last", ""]]);
    expect(rows.map((r) => text.slice(r.start, r.end).trimEnd())).toEqual(["a,b", '"x, ""y""","1\n2"', "last,"]);
  });
  it("finds the separator", () => {
    expect(separatorOf("a;b;c\n1;2;3\n", "x.csv")).toBe(";");
    expect(separatorOf("a\n1\n", "x.csv")).toBe(",");
    expect(separatorOf("a,b\n", "x.tsv")).toBe("\t");
  });
});

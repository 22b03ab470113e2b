import { describe, expect, it } from "vitest";
import en from "./en.json";
import zh from "./zh.json";

const files = import.meta.glob<string>(["../**/*.{ts,tsx}", "!../**/*.test.*", "!../api/schema.ts", "!./index.ts"], {
  query: "?raw",
  import: "default",
  eager: true,
});
const sources = Object.values(files);

/** Every text of the program that could name a key: whole string literals, and the fixed beginning of templates. */
const literals = new Set<string>();
const prefixes = new Set<string>();
for (const source of sources) {
  for (const match of source.matchAll(/["']([a-zA-Z][\w]*(?:\.[\w]+)+)["']/g)) literals.add(match[1] ?? "");
  for (const match of source.matchAll(/`([a-zA-Z][\w]*(?:\.[\w]*)*\.)\$\{/g)) prefixes.add(match[1] ?? "");
}
const stem = (key: string) => key.replace(/_(?:one|other)$/, "");

describe("catalogues", () => {
  it("have the same keys; a plural needs no form that Chinese does not know", () => {
    expect(Object.keys(zh).sort()).toEqual(Object.keys(en).filter((key) => !key.endsWith("_one")).sort());
  });

  it("fill in the same names", () => {
    const names = (text: string) => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]))].sort();
    const words: Record<string, string> = zh;
    for (const [key, text] of Object.entries(en)) {
      if (!key.endsWith("_one")) expect(names(words[key] ?? ""), key).toEqual(names(text));
    }
  });

  it("have no key that nothing uses", () => {
    const unused = Object.keys(en).filter(
      (key) => !literals.has(key) && !literals.has(stem(key)) && ![...prefixes].some((prefix) => key.startsWith(prefix)),
    );
    expect(unused).toEqual([]);
  });

  it("have every key that is asked for by name", () => {
    const stems = new Set(Object.keys(en).map(stem));
    const asked = sources.flatMap((source) => [...source.matchAll(/\bt(?:n)?\(\s*"([^"]+)"/g)].map((m) => m[1] ?? ""));
    expect(asked.length).toBeGreaterThan(10);
    expect(asked.filter((key) => !stems.has(key))).toEqual([]);
  });

  it("are without empty, shouting or untrimmed texts", () => {
    for (const [key, text] of [...Object.entries(en), ...Object.entries(zh)]) {
      expect(text, key).toMatch(/^\S(?:[\s\S]*\S)?$/);
      expect(text, key).not.toMatch(/[!！]|oops/i);
    }
  });
});

import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeAll, describe, expect, it, vi } from "vitest";
import en from "../i18n/en.json";
import * as i18n from "../i18n";
import { type Block, type Inline, Markdown, parse, plainText, StreamedMarkdown } from ".";

beforeAll(() => i18n.adopt("en", en));

/** A compact writing of a tree, to compare with. */
function brief(nodes: readonly (Block | Inline)[]): unknown[] {
  const items = nodes.map((node): unknown => {
    switch (node.type) {
      case "text":
        return node.value;
      case "list":
        return ["list", ...node.items.map((item) => brief(item.children))];
      case "table":
        return ["table", node.head.map((c) => plainText(c.children)), ...node.rows.map((row) => row.map((c) => plainText(c.children)))];
      case "rule":
      case "break":
        return [node.type];
      case "cite":
        return ["cite", node.id];
      case "image":
        return ["image", node.src, node.alt];
      case "link":
        return ["link", node.href, ...brief(node.children)];
      default:
        return "children" in node ? [node.type, ...brief(node.children)] : [node.type, node.value];
    }
  });
  return items.reduce<unknown[]>((joined, item) => {
    const last = joined.at(-1);
    return typeof item === "string" && typeof last === "string" ? [...joined.slice(0, -1), last + item] : [...joined, item];
  }, []);
}

describe("parse", () => {
  it.each([
    ["# Title #\ntext", [["heading", "Title"], ["paragraph", "text"]]],
    ["Title\n=====\n\nmore", [["heading", "Title"], ["paragraph", "more"]]],
    ["a **b *c* d** e", [["paragraph", "a ", ["strong", "b ", ["em", "c"], " d"], " e"]]],
    ["***x***", [["paragraph", ["em", ["strong", "x"]]]]],
    ["snake_case_name and 2*3*4", [["paragraph", "snake_case_name and 2", ["em", "3"], "4"]]],
    ["中文**重点**文字", [["paragraph", "中文", ["strong", "重点"], "文字"]]],
    ["~~gone~~ `a*b`", [["paragraph", ["del", "gone"], " ", ["code", "a*b"]]]],
    ["see [x](http://e.org/a_(b)) ok", [["paragraph", "see ", ["link", "http://e.org/a_(b)", "x"], " ok"]]],
    ["![alt](img.png) [not] a link", [["paragraph", ["image", "img.png", "alt"], " [not] a link"]]],
    ["claim[^c1] and[^c2].", [["paragraph", "claim", ["cite", "c1"], " and", ["cite", "c2"], "."]]],
    ["- a\n- b\n  - c\n- d", [["list", [["paragraph", "a"]], [["paragraph", "b"], ["list", [["paragraph", "c"]]]], [["paragraph", "d"]]]]],
    ["> a\nb\n\nc", [["quote", ["paragraph", "a b"]], ["paragraph", "c"]]],
    ["```py\nx = 1\n\ny\n```\nz", [["code", "x = 1\n\ny"], ["paragraph", "z"]]],
    ["| a | b |\n|---|--:|\n| 1 | `x|y` |\n| 2 |", [["table", ["a", "b"], ["1", "x|y"], ["2", ""]]]],
    ["a\n\n---\n\n<script>alert(1)</script>", [["paragraph", "a"], ["rule"], ["html", "<script>alert(1)</script>"]]],
    ["一行\n两行", [["paragraph", "一行两行"]]],
    ["5 &lt; 6 \\*not\\*", [["paragraph", "5 < 6 *not*"]]],
    ["", []],
  ])("reads %j", (source, tree) => {
    expect(brief(parse(source))).toEqual(tree);
  });

  it("knows where each word stands in the source", () => {
    const source = "# One\r\n\r\n> - quoted *word* here\r\n>   and `code`\r\n\r\n| h | k |\r\n|---|---|\r\n| cell | 单元 |\r\n\r\n1. item\r\n\r\n   ```\r\n   body\r\n   ```\r\n";
    const seen: string[] = [];
    const walk = (node: unknown): void => {
      if (Array.isArray(node)) node.forEach(walk);
      else if (typeof node === "object" && node !== null) {
        const n = node as Record<string, unknown>;
        if (typeof n["value"] === "string" && n["type"] !== "html" && n["value"].trim() !== "") {
          const start = Number(n["contentStart"] ?? n["start"]);
          expect(source.slice(start, start + n["value"].length)).toBe(n["value"]);
          seen.push(n["value"]);
        }
        Object.values(n).forEach(walk);
      }
    };
    walk(parse(source));
    expect(seen).toEqual(["One", "quoted ", "word", " here", "and ", "code", "h", "k", "cell", "单元", "item", "body"]);
  });

  it("reads hostile texts in time that grows with their length", () => {
    for (const piece of ["*a ", "_a_", "[", "![", "> ", "- ", "`", "**a", "$a", "&#", "[a](", "|-", "\\", "1. ", "[^", "<!--", "\t"]) {
      const text = piece.repeat(20_000);
      const start = performance.now();
      parse(text);
      expect(performance.now() - start, `${JSON.stringify(piece)} × 20000`).toBeLessThan(4000);
    }
  });

  it("never throws and keeps spans ordered on random texts", () => {
    const alphabet = ["*", "_", "`", "[", "]", "(", ")", "\n", " ", "-", "#", ">", "|", "a", "中", "~", "!", "^", "1.", "\\", "$", "    ", "😀"];
    let seed = 7;
    for (let round = 0; round < 3000; round++) {
      let text = "";
      for (let i = 0; i < 60; i++) {
        seed = (seed * 48_271) % 2_147_483_647;
        text += alphabet[seed % alphabet.length];
      }
      let at = 0;
      for (const block of parse(text)) {
        expect(block.start).toBeGreaterThanOrEqual(at);
        expect(block.end).toBeGreaterThanOrEqual(block.start);
        expect(block.end).toBeLessThanOrEqual(text.length);
        at = block.end;
      }
    }
  });
});

describe("rendering", () => {
  it("makes no element of HTML, loads no image, and leaves nothing to follow", () => {
    const { container } = render(
      <Markdown source={"<img src=x onerror=alert(1)>\n\na <b>b</b> ![i](http://evil/x.png) [l](javascript:alert(1)) http://auto.example"} options={{}} />,
    );
    expect(container.querySelectorAll("img, a, script, b, iframe")).toHaveLength(0);
    expect(container).toHaveTextContent("<img src=x onerror=alert(1)>");
    expect(container).toHaveTextContent("Image: i");
  });

  it("hands a link's address to the handler and goes nowhere itself", async () => {
    const onLink = vi.fn();
    render(<Markdown source="[paper](https://example.org/p)" options={{ onLink }} />);
    await userEvent.click(screen.getByRole("link", { name: "paper" }));
    expect(onLink).toHaveBeenCalledWith("https://example.org/p");
  });

  it("marks exactly the words of the highlight, across marks and lines", () => {
    const source = "One **two three** four\nfive six.";
    const start = source.indexOf("three");
    const { container } = render(<Markdown source={source} options={{ highlight: { start, end: source.indexOf(" six") } }} />);
    expect([...container.querySelectorAll("mark")].map((m) => m.textContent).join("")).toBe("three four five");
    expect(container.querySelectorAll("[data-target]")).toHaveLength(1);
    expect(container.querySelector("[data-target]")).toHaveTextContent("three");
  });

  it("keeps the finished blocks of a growing text in place", () => {
    const options = {};
    const { container, rerender } = render(<StreamedMarkdown source={"First.\n\nSec"} options={options} />);
    const first = container.querySelector("p");
    rerender(<StreamedMarkdown source={"First.\n\nSecond **b"} options={options} />);
    expect(container.querySelector("p")).toBe(first);
    expect(container.querySelectorAll("p")[1]).toHaveTextContent("Second **b");
  });
});

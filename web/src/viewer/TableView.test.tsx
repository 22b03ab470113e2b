import { render, screen } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";
import { adopt } from "../i18n";
import en from "../i18n/en.json";
import { TableView } from "./TableView";

beforeEach(() => {
  adopt("en", en);
  // Everything is near the view.
  vi.stubGlobal(
    "IntersectionObserver",
    class {
      private readonly tell: (entries: { isIntersecting: boolean }[]) => void;
      constructor(tell: (entries: { isIntersecting: boolean }[]) => void) {
        this.tell = tell;
      }
      observe() {
        this.tell([{ isIntersecting: true }]);
      }
      disconnect() {}
    },
  );
});

it("marks the cited row, and gives all rows the same columns", () => {
  const text = "film,remark\nA1,\nB3,water above limit in the box\n实验,好\n";
  const start = text.indexOf("B3");
  render(<TableView text={text} name="t.csv" mark={{ start, end: start + 8 }} />);
  const rows = screen.getAllByRole("row");
  expect(rows.map((row) => row.classList.contains("marked"))).toEqual([false, false, true, false]);
  expect(rows[2]).toHaveAttribute("data-target");
  expect(screen.getByRole("table").style.getPropertyValue("--columns")).toBe("64px calc(5ch + 28px) calc(29ch + 28px)");
});

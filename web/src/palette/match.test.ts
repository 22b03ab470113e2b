import { expect, it } from "vitest";
import { match } from "./match";

const items = ["New conversation", "Sync now", "Search passages", "打开设置"].map((label) => ({ label }));
const found = (query: string) => match(items, query).map((item) => item.label);

it("finds by beginnings, pieces and initials, closest first", () => {
  expect(found("s")).toEqual(["Sync now", "Search passages", "New conversation"]);
  expect(found("sync")).toEqual(["Sync now"]);
  expect(found("nc")).toEqual(["Sync now", "New conversation"]);
  expect(found("设置")).toEqual(["打开设置"]);
  expect(found("zzz")).toEqual([]);
  expect(found("")).toHaveLength(4);
});

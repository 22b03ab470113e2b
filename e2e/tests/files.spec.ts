import { expect, type Page, test } from "@playwright/test";
import { access, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { accessible, choose, picture, row, setUp } from "./person.ts";
import { Product } from "./product.ts";

// Work with files: each step is done in the browser and looked for on disk.
test.describe.configure({ mode: "serial" });

let product: Product;
let page: Page;

test.beforeAll(async ({ browser }) => {
  product = await Product.start();
  page = await setUp(browser, product);
});

test.afterAll(async () => {
  await page.context().close();
  await product.remove();
});

const onDisk = (path: string) =>
  access(join(product.sample, path)).then(
    () => true,
    () => false,
  );

test("a new file and a new folder", async () => {
  await page.getByRole("button", { name: "New file" }).click();
  await page.getByRole("textbox", { name: "New file" }).fill("ideas.md");
  await page.keyboard.press("Enter");
  await expect(row(page, "ideas.md")).toBeVisible();
  await expect(page.getByRole("tab", { name: /ideas\.md/ })).toBeVisible();
  expect(await onDisk("ideas.md")).toBe(true);

  await page.getByRole("button", { name: "More", exact: true }).click();
  await page.getByRole("menuitem", { name: "New folder" }).click();
  await page.getByRole("textbox", { name: "New folder" }).fill("drafts");
  await page.keyboard.press("Enter");
  await expect(row(page, "drafts")).toBeVisible();
  expect(await onDisk("drafts")).toBe(true);
});

test("a name that is taken is refused, and nothing is replaced", async () => {
  const before = await readFile(join(product.sample, "README.md"), "utf8");
  await row(page, "ideas.md").click();
  await page.keyboard.press("F2");
  await page.getByRole("textbox", { name: "New name" }).fill("README.md");
  await page.keyboard.press("Enter");
  await expect(page.getByText(/already/).first()).toBeVisible();
  await expect(row(page, "ideas.md")).toBeVisible();
  expect(await readFile(join(product.sample, "README.md"), "utf8")).toBe(before);
});

test("rename in place, and the open tab follows", async () => {
  await row(page, "ideas.md").click();
  await page.getByRole("tree").press("F2");
  await page.getByRole("textbox", { name: "New name" }).fill("thoughts.md");
  await page.keyboard.press("Enter");
  await expect(row(page, "thoughts.md")).toBeVisible();
  await expect(page.getByRole("tab", { name: /thoughts\.md/ })).toBeVisible();
  expect([await onDisk("ideas.md"), await onDisk("thoughts.md")]).toEqual([false, true]);
});

test("move by menu, back by undo, and again by dragging", async () => {
  await choose(page, "thoughts.md", "Move to…");
  const dialog = page.getByRole("dialog", { name: "Move “thoughts.md” to" });
  await expect(dialog.getByRole("button", { name: "Move here" })).toBeDisabled();
  await dialog.getByRole("button", { name: "drafts" }).click();
  await picture(page, "move");
  await accessible(page);
  await dialog.getByRole("button", { name: "Move here" }).click();
  await expect(dialog).toBeHidden();
  await expect.poll(() => onDisk("drafts/thoughts.md")).toBe(true);

  await page.getByRole("button", { name: "Undo" }).last().click();
  await expect.poll(() => onDisk("thoughts.md")).toBe(true);
  await expect(row(page, "thoughts.md")).toHaveAttribute("aria-level", "1");

  await row(page, "thoughts.md").dragTo(row(page, "drafts"));
  await expect.poll(() => onDisk("drafts/thoughts.md")).toBe(true);
  await expect(page.getByText("Moved “thoughts.md” to drafts").last()).toBeVisible();
});

/** Drops files and folders of this machine onto the tree, as a file manager does. */
async function dropFrom(paths: string[], onto: string): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const box = await row(page, onto).boundingBox();
  if (!box) throw new Error(`${onto} is not in view`);
  const data = { items: [], files: paths, dragOperationsMask: 1 };
  const at = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const) await session.send("Input.dispatchDragEvent", { type, ...at, data });
  await session.detach();
}

test("files and a whole folder dropped in, with what is in it", async () => {
  const outside = join(product.dir, "outside");
  await mkdir(join(outside, "study/raw/deep"), { recursive: true });
  await mkdir(join(outside, "study/nothing"));
  await writeFile(join(outside, "single.md"), "# Single\n\nThe osmium probe was lent to Lund.\n");
  await writeFile(join(outside, "study/plan.md"), "# Plan\n\nFirst rinse.\n");
  await writeFile(join(outside, "study/raw/deep/实验.txt"), "第三次测量在星期二。\n");
  for (let n = 0; n < 120; n++) await writeFile(join(outside, `study/raw/run-${n}.txt`), `Run ${n} was quiet.\n`);
  await dropFrom([join(outside, "single.md"), join(outside, "study")], "drafts");
  await expect(page.getByText("123 files uploaded")).toBeVisible();
  expect(await readFile(join(product.sample, "drafts/study/raw/deep/实验.txt"), "utf8")).toBe("第三次测量在星期二。\n");
  expect(await onDisk("drafts/study/raw/run-119.txt")).toBe(true);
  expect(await onDisk("drafts/study/nothing")).toBe(true);
  await expect(row(page, "study")).toBeVisible();
  await expect(page.getByText(/130 files indexed/).first()).toBeVisible();
});

test("a folder chosen from the menu, next to one of the same name, replaces nothing", async () => {
  await writeFile(join(product.dir, "outside/study/plan.md"), "# Plan\n\nSecond version.\n");
  await row(page, "drafts").click({ button: "right" });
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("menuitem", { name: "Upload folder" }).click();
  await (await chooser).setFiles(join(product.dir, "outside/study"));
  await expect(page.getByText("122 files uploaded")).toBeVisible();
  expect(await readFile(join(product.sample, "drafts/study/plan.md"), "utf8")).toContain("First rinse");
  await row(page, "study").click();
  await expect(row(page, "plan (2).md").or(row(page, "plan 2.md"))).toBeVisible();
});

test("delete with undo, delete and restore from the trash, delete for good", async () => {
  await row(page, "protocol.md").click();
  await page.getByRole("tree").press("Delete");
  await expect(row(page, "protocol.md")).toBeHidden();
  expect(await onDisk("protocol.md")).toBe(false);
  await page.getByRole("button", { name: "Undo" }).last().click();
  await expect(row(page, "protocol.md")).toBeVisible();
  expect(await onDisk("protocol.md")).toBe(true);

  await choose(page, "drafts", "Delete");
  await expect(row(page, "drafts")).toBeHidden();
  await page.getByRole("button", { name: /^Trash/ }).click();
  const trash = page.getByRole("dialog", { name: "Trash" });
  await expect(trash.getByText("drafts")).toBeVisible();
  await picture(page, "trash");
  await accessible(page);
  await trash.getByRole("button", { name: "Restore" }).click();
  await expect(trash.getByText("The trash is empty.")).toBeVisible();
  await trash.getByRole("button", { name: "Close" }).click();
  await expect(row(page, "drafts")).toBeVisible();
  expect(await onDisk("drafts/study/raw/run-7.txt")).toBe(true);

  await choose(page, "drafts", "Delete");
  await page.getByRole("button", { name: /^Trash/ }).click();
  await trash.getByRole("button", { name: "Empty the trash" }).click();
  await trash.getByRole("button", { name: "Delete for good" }).click();
  await expect(trash.getByText("The trash is empty.")).toBeVisible();
  await trash.getByRole("button", { name: "Close" }).click();
  await expect(page.getByRole("button", { name: "Undo" })).toBeHidden(); // there is nothing left to bring back
  await expect(page.getByText(/6 files indexed/).first()).toBeVisible();
});

test("what is not indexed is listed with the reason, in both languages", async () => {
  await writeFile(join(product.sample, "broken.pdf"), "%PDF-1.7\nthis is no PDF\n");
  await writeFile(join(product.sample, ".env"), "API_KEY=xyzzyplugh\n");
  await writeFile(join(product.sample, ".gitignore"), "scratch.md\n");
  await writeFile(join(product.sample, "scratch.md"), "# Scratch\n\nThe ytterbium note.\n");
  await page.getByRole("button", { name: /1 failed/ }).click();
  const panel = page.getByRole("region", { name: "Index" });
  await expect(panel.getByRole("button", { name: /broken\.pdf.*Damaged, or not what its name says/ })).toBeVisible();
  await picture(page, "index-failed");
  await panel.getByRole("button", { name: /^Skipped/ }).click();
  await expect(panel.getByRole("button", { name: /^\.env.*May hold secrets/ })).toBeVisible();
  await expect(panel.getByRole("button", { name: /^scratch\.md.*Left out by \.gitignore/ })).toBeVisible();
  await accessible(page);

  await page.getByRole("button", { name: "Account" }).click();
  await page.getByRole("menuitem", { name: "中文" }).click();
  const chinese = page.getByRole("region", { name: "索引" });
  await chinese.getByRole("button", { name: /^已跳过/ }).click();
  await expect(chinese.getByRole("button", { name: /^\.env.*可能包含机密/ })).toBeVisible();
  await expect(chinese.getByRole("button", { name: /^scratch\.md.*\.gitignore/ })).toBeVisible();
  await picture(page, "index-skipped-zh");
  await accessible(page);
  await page.getByRole("button", { name: "账户" }).click();
  await page.getByRole("menuitem", { name: "English" }).click();
});

test("passages are searched as one types, and a hit opens at its words", async () => {
  await page.getByRole("button", { name: "Search", exact: true }).click();
  await page.getByRole("searchbox", { name: "Search passages" }).fill("glove box water");
  const hit = page.locator(".search-results .hit").first();
  await expect(hit.locator("mark").first()).toBeVisible();
  await expect(page.getByText("xyzzyplugh")).toBeHidden();
  await picture(page, "search");
  await accessible(page);
  await hit.click();
  await expect(page.locator(".viewer :is(mark, .marked, .box)").first()).toBeInViewport();
  await page.getByRole("searchbox", { name: "Search passages" }).fill("xyzzyplugh");
  await expect(page.getByText(/Nothing found in \d+ files/)).toBeVisible();
});

test("the palette by keyboard alone", async () => {
  await page.locator("body").press("Control+k");
  const palette = page.getByRole("dialog", { name: "Commands" });
  await expect(palette).toBeVisible();
  await page.keyboard.type("arrhen");
  await expect(palette.getByRole("option", { name: /fit_arrhenius\.py/ })).toHaveAttribute("aria-selected", "true");
  await picture(page, "palette");
  await accessible(page);
  await page.keyboard.press("Enter");
  await expect(palette).toBeHidden();
  await expect(page.getByRole("tab", { name: /fit_arrhenius\.py/ })).toHaveAttribute("aria-selected", "true");

  await page.keyboard.press("Control+k");
  await page.keyboard.type("show files");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("tree")).toBeVisible();

  await page.keyboard.press("Control+k");
  await page.keyboard.press("Escape");
  await expect(palette).toBeHidden();
});

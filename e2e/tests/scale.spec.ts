import { expect, type Page, test } from "@playwright/test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { accessible, ask, fits, openWorkspace, picture, row, setUp } from "./person.ts";
import { Product } from "./product.ts";

// Much, little, long and odd: what a page looks like when its content is not that of a demonstration.
test.describe.configure({ mode: "serial" });

let product: Product;
let page: Page;
let root = "";
let folder = "";

test.beforeAll(async ({ browser }) => {
  product = await Product.start();
  page = await setUp(browser, product);
  folder = join(product.dir, "data", "workspaces");
  const roots = (await (await page.request.get(`${product.url}/api/roots`)).json()) as { name: string }[];
  root = roots[0]?.name ?? "";
});

test.afterAll(async () => {
  await page.context().close();
  await product.remove();
});

test("an empty workspace says so and offers what can be done", async () => {
  await openWorkspace(page, product, `${root}/nothing-yet`);
  await expect(page.getByText("No files yet. Drop files or folders here.")).toBeVisible();
  await expect(page.getByText("There are no files to answer from yet.", { exact: false })).toBeVisible();
  await picture(page, "empty-workspace");
  await accessible(page);
  await ask(page, "What is in here?");
  await expect(page.getByText(/Nothing .*supports/).last()).toBeVisible();
  await picture(page, "empty-workspace-asked");
  await accessible(page);
});

test("ten thousand files in one folder: asked at once, walked to the last by keyboard", async () => {
  const many = join(folder, "many");
  await mkdir(many, { recursive: true });
  for (let n = 0; n < 10_000; n += 500) {
    await Promise.all(Array.from({ length: 500 }, (_, k) => writeFile(join(many, `sample-${n + k}.md`), `# Sample ${n + k}\n\nIts mass was ${n + k} mg.\n`)));
  }
  await openWorkspace(page, product, `${root}/many`);
  await ask(page, "What was the mass of sample 77?");
  const unread = page.getByText(/\d+ files? (?:was|were) still being read when this was asked/);
  await expect(page.getByText(/10,000 files indexed/).first()).toBeVisible({ timeout: 60_000 });
  // The note belongs to the answer: it is there still when the index is whole, and after a reload.
  if (await unread.isVisible()) {
    await picture(page, "unread");
    await page.reload();
    await expect(unread).toBeVisible();
  }
  await row(page, "sample-0.md").click();
  await page.getByRole("tree").press("End");
  await expect(row(page, "sample-9999.md")).toBeInViewport();
  expect(await page.getByRole("treeitem").count()).toBeLessThan(120);
  await expect(row(page, "sample-9999.md")).toHaveAttribute("aria-setsize", "10000");
  await page.keyboard.type("sample-123.");
  await expect(row(page, "sample-123.md")).toBeInViewport();
  await page.getByRole("searchbox", { name: "Filter files" }).fill("sample-4242");
  await expect(page.getByRole("button", { name: /sample-4242\.md/ })).toBeVisible();
  await page.getByRole("searchbox", { name: "Filter files" }).fill("");
  await picture(page, "ten-thousand");
  await accessible(page);
});

/** A grey picture of the given size as a PNG file. */
function png(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
    const out = Buffer.alloc(body.length + 8);
    out.writeUInt32BE(data.length, 0);
    body.copy(out, 4);
    out.writeUInt32BE(crc32(body), body.length + 4);
    return out;
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head[8] = 8; // bits, grey
  const lines = Buffer.alloc((width + 1) * height, 0x80);
  for (let y = 0; y < height; y++) lines[y * (width + 1)] = 0;
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), chunk("IHDR", head), chunk("IDAT", deflateSync(lines)), chunk("IEND", Buffer.alloc(0))]);
}

function crc32(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let k = 0; k < 8; k++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

const longName = `${"a-very-long-name-without-any-space-in-it-".repeat(5)}.md`;
const notebook = {
  nbformat: 4,
  nbformat_minor: 5,
  metadata: { kernelspec: { name: "python3", language: "python", display_name: "Python 3" } },
  cells: [
    { cell_type: "markdown", id: "a", metadata: {}, source: ["# Sweep\n", "\n", "The palladium sweep was repeated three times.\n"] },
    { cell_type: "code", id: "b", metadata: {}, execution_count: 1, source: ["gain = 4.25\n", "print(gain)\n"], outputs: [{ output_type: "stream", name: "stdout", text: ["4.25\n"] }] },
  ],
};

test("tables, notebooks, web pages and pictures are shown, with the cited place marked", async () => {
  const mixed = join(folder, "mixed");
  await mkdir(join(mixed, "deep", longName.slice(0, 120)), { recursive: true });
  const rows = Array.from({ length: 900 }, (_, n) => `S${n},${n * 3},${n === 640 ? "ruthenium residue on the rim" : "clean"}`);
  await writeFile(join(mixed, "table.csv"), `sample,count,remark\n${rows.join("\n")}\n`);
  await writeFile(join(mixed, "sweep.ipynb"), JSON.stringify(notebook, null, 1));
  await writeFile(join(mixed, "page.html"), "<!doctype html><title>Rig</title><body><script>document.title='run'</script><h1>Rig</h1><p>The tantalum clamp holds <b>nine</b> newtons.</p></body>");
  await writeFile(join(mixed, "scan.png"), png(640, 400));
  await writeFile(join(mixed, "drawing.svg"), '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="60"><script>alert(1)</script><rect width="90" height="60" fill="#088"/></svg>');
  await writeFile(join(mixed, longName), `# ${longName}\n\nThe hafnium log.\n`);
  await writeFile(join(mixed, "deep", longName.slice(0, 120), "inner.md"), "# Inner\n\nThe rhenium foil tore.\n");
  await openWorkspace(page, product, `${root}/mixed`);
  await expect(page.getByText(/\b[5-7] files indexed/).first()).toBeVisible();

  const cited = async (question: string, file: RegExp) => {
    await ask(page, question);
    const chip = page.getByRole("button", { name: file }).last();
    await chip.click();
    await expect(page.locator(".cite.active")).toHaveCount(1); // every answer has a first citation
    await expect(page.getByRole("button", { name: "Latest" })).toBeHidden(); // the end was followed
  };
  await cited("Which sample had a ruthenium residue?", /Source \d+: table\.csv/);
  await expect(page.locator(".viewer-table .marked").first()).toBeInViewport();
  await expect(page.locator(".viewer-table .marked").first()).toContainText("ruthenium residue");
  const edges = await page.locator(".viewer-table .row:is(.head, .marked) > span:last-child").evaluateAll((cells) => cells.map((cell) => Math.round(cell.getBoundingClientRect().left)));
  expect(new Set(edges).size).toBe(1);
  await picture(page, "viewer-table");
  await accessible(page);

  await cited("How often was the palladium sweep repeated?", /Source \d+: sweep\.ipynb/);
  await expect(page.locator(".viewer mark").first()).toBeInViewport();
  await expect(page.locator(".viewer mark").first()).toContainText("palladium");
  await picture(page, "viewer-notebook");
  await accessible(page);

  await cited("What force does the tantalum clamp hold?", /Source \d+: page\.html/);
  await expect(page.locator(".viewer mark").first()).toContainText("tantalum");
  await page.getByRole("button", { name: "Source", exact: true }).click();
  await expect(page.locator(".viewer").getByText("<script>document.title", { exact: false }).first()).toBeVisible();
  await expect(page).toHaveTitle(/mixed/);
  await picture(page, "viewer-html");

  await row(page, "scan.png").click();
  await expect(page.getByText("640 × 400")).toBeVisible();
  await picture(page, "viewer-image");
  await accessible(page);
  page.on("dialog", () => expect(false, "a script of a picture ran").toBe(true));
  await row(page, "drawing.svg").click();
  await expect(page.getByText("90 × 60")).toBeVisible();
});

test("very long names stay within their places", async () => {
  await page.getByRole("tree").press("Home");
  await row(page, longName).click();
  await row(page, "deep").click();
  await row(page, longName.slice(0, 120)).click();
  await expect(row(page, "inner.md")).toBeVisible();
  await ask(page, "What does the hafnium log say?");
  await expect(page.getByRole("button", { name: /Source \d+: a-very-long/ }).last()).toBeVisible();
  await fits(page);
  await picture(page, "long-names");
  await accessible(page);
  await page.setViewportSize({ width: 390, height: 844 });
  await fits(page);
  await picture(page, "long-names-phone");
  await accessible(page);
  await page.setViewportSize({ width: 1440, height: 900 });
});

test("at 200 % zoom everything is still there", async ({ browser }) => {
  // What zoom does to a page: half as many, twice as large CSS pixels.
  const zoomed = await browser.newContext({ viewport: { width: 720, height: 450 }, deviceScaleFactor: 2, locale: "en-GB", storageState: await page.context().storageState() });
  const other = await zoomed.newPage();
  await other.goto(page.url());
  await expect(other.getByRole("main")).toBeVisible();
  await expect(other.getByText("The hafnium log.").first()).toBeVisible();
  await fits(other);
  await picture(other, "zoom-200");
  await accessible(other);
  await other.getByRole("button", { name: "Ask" }).click();
  await expect(other.getByRole("textbox", { name: "Question" })).toBeInViewport();
  await picture(other, "zoom-200-ask");
  await accessible(other);
  for (const path of ["/", "/settings/model"]) {
    await other.goto(product.url + path);
    await expect(other.getByRole("main")).toBeVisible();
    await fits(other);
    await picture(other, `zoom-200-${path === "/" ? "home" : "settings"}`);
    await accessible(other);
  }
  await zoomed.close();
});

test("a text of 5 MB opens and scrolls with few of its lines laid out", async () => {
  const lines = Array.from({ length: 92_000 }, (_, n) => `${String(n).padStart(6, "0")} temperature ${(n * 7) % 113} K, pressure ${(n * 13) % 997} Pa, state steady`);
  await writeFile(join(folder, "mixed", "long.log"), lines.join("\n"));
  await expect(row(page, "long.log")).toBeVisible();
  await row(page, "long.log").click();
  await expect(page.locator(".viewer-text .line").first()).toBeVisible();
  const worst = await page.evaluate(async () => {
    const body = document.querySelector<HTMLElement>(".viewer-body");
    if (!body) return { longest: 0, most: 0 };
    let longest = 0;
    let most = 0;
    let last = performance.now();
    for (let step = 0; step < 60; step++) {
      body.scrollTop = (body.scrollHeight * step) / 60;
      await new Promise((resolve) => requestAnimationFrame(resolve));
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
      most = Math.max(most, body.querySelectorAll(".line").length);
    }
    body.scrollTop = body.scrollHeight;
    return { longest, most };
  });
  // The time depends on the machine and is told; that few lines are laid out at a time is what keeps it short.
  console.log(`longest frame while scrolling: ${Math.round(worst.longest)} ms`);
  expect(worst.most).toBeGreaterThan(0);
  expect(worst.most).toBeLessThan(3000);
  await expect(page.locator(".viewer-text .line").last()).toBeInViewport();
  expect(await page.locator(".viewer-text .line").count()).toBeLessThan(3000);
  await picture(page, "long-text");
  await accessible(page);
});

test("with the server gone the page says so, keeps what it has, and comes back by itself", async () => {
  await product.down("SIGKILL");
  await expect(page.getByText("Connection lost, trying again")).toBeVisible();
  await ask(page, "Is anybody there?");
  await expect(page.getByRole("alert").last()).toBeVisible();
  await expect(page.getByText("Is anybody there?").first()).toBeVisible();
  await picture(page, "gone");
  await accessible(page);
  await product.up();
  await expect(page.getByText("Connection lost, trying again")).toBeHidden({ timeout: 60_000 });
  await page.getByRole("alert").last().getByRole("button", { name: "Try again" }).click();
  await expect(page.getByRole("article", { name: "Answer" }).last()).toHaveAttribute("aria-busy", "false");
});

import { AxeBuilder } from "@axe-core/playwright";
import { type BrowserContext, expect, type Page, test } from "@playwright/test";
import { appendFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Product } from "./product.ts";

// One newcomer's way through the product, on the real program, in the order in which a person meets it.
test.describe.configure({ mode: "serial" });

let product: Product;
let context: BrowserContext;
let page: Page;
const complaints: string[] = [];

test.beforeAll(async ({ browser }) => {
  product = await Product.start();
  context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-GB" });
  page = await context.newPage();
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    const host = new URL(request.url()).host;
    if (!request.url().startsWith("blob:") && !request.url().startsWith("data:") && host !== new URL(product.url).host) {
      complaints.push(`request to another host: ${request.url()}`);
    }
  });
});

test.afterAll(async () => {
  await context.close();
  await product.remove();
});

async function screenshot(name: string): Promise<void> {
  if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}.png`) });
}

/** No automated accessibility finding on what is shown. */
async function accessible(): Promise<void> {
  // A text that is fading in has little contrast for a moment; it is judged as it stays.
  await page.evaluate(() =>
    Promise.allSettled(document.getAnimations().filter((a) => a.effect?.getTiming().iterations !== Infinity).map((a) => a.finished)),
  );
  const result = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]).analyze();
  expect(result.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(" ")).join(", ")}`)).toEqual([]);
}

async function ask(question: string): Promise<void> {
  await page.getByRole("textbox", { name: "Question" }).fill(question);
  await page.getByRole("textbox", { name: "Question" }).press("Enter");
}

test("the printed link leads to the first account and the indexed sample", async () => {
  expect(product.setupLink).toContain("#token=");
  await page.goto(product.setupLink);
  await screenshot("setup");
  await accessible();
  await page.getByLabel("Name").fill("Ada");
  await page.getByLabel("Email").fill("ada@example.org");
  await page.getByLabel("Password").fill("correct horse battery");
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page).toHaveURL(/\/w\//);
  await expect(page.getByRole("treeitem", { name: /report\.pdf/ })).toBeVisible();
  await expect(page.getByText(/6 files indexed/).first()).toBeVisible();
  await screenshot("workspace");
  await accessible();
});

test("the link works once and the token is in no log", async () => {
  const token = product.setupLink.split("token=")[1] ?? "none";
  expect(product.log.split(token).length - 1).toBe(1); // the printed link itself
  const again = await page.request.post(`${product.url}/api/auth/setup`, {
    data: { token, name: "Eve", email: "eve@example.org", password: "correct horse battery" },
    headers: { "sec-fetch-site": "same-origin" },
  });
  expect(again.status()).toBe(409);
});

test("an answer carries checked citations that open the PDF at the words", async () => {
  await ask("What is the activation energy of grain growth?");
  const citation = page.getByRole("button", { name: /Source \d+: report\.pdf.*verified/ }).first();
  await expect(citation).toBeVisible();
  await screenshot("answer");
  await accessible();
  await citation.click();
  await expect(page.locator(".viewer-pdf canvas").first()).toBeVisible();
  const box = page.locator(".viewer-pdf .box").first();
  await expect(box).toBeInViewport();
  // The marked words are those of the page's own text under the mark.
  const words = await page.evaluate(() => {
    const marked = document.querySelector(".viewer-pdf .box")?.getBoundingClientRect();
    const spans = [...document.querySelectorAll<HTMLElement>(".viewer-pdf .text-layer span")];
    if (!marked) return "";
    return spans
      .filter((s) => {
        const r = s.getBoundingClientRect();
        return r.width > 0 && r.top < marked.bottom - 2 && r.bottom > marked.top + 2 && r.left < marked.right && r.right > marked.left;
      })
      .map((s) => s.textContent)
      .join(" ");
  });
  expect(words).toMatch(/activation|energy|kJ\/mol|slope/);
  await screenshot("pdf");
});

test("a row of a table, a function of a script and a Chinese text are found too", async () => {
  await ask("Which film had the highest efficiency?");
  await expect(page.getByRole("button", { name: /Source \d+: (report\.pdf|measurements\.csv|实验记录\.md)/ }).last()).toBeVisible();
  await ask("六月十二日的手套箱发生了什么问题？");
  const chinese = page.getByRole("button", { name: /Source \d+: 实验记录\.md/ }).last();
  await expect(chinese).toBeVisible();
  await chinese.click();
  await expect(page.locator(".viewer mark").first()).toBeInViewport();
  await screenshot("chinese");
});

test("what no file supports is said so", async () => {
  await ask("Who won the 1974 football world cup?");
  await expect(page.getByText(/Nothing .* supports/).last()).toBeVisible();
  await screenshot("nothing");
});

test("a change on disk is followed without a click", async () => {
  await writeFile(join(product.sample, "calibration.md"), "# Calibration\n\nThe zirconium reference drifted by 0.37 kelvin in week nine.\n");
  await expect(page.getByRole("treeitem", { name: /calibration\.md/ })).toBeVisible();
  await expect(page.getByText(/7 files indexed/).first()).toBeVisible();
  await ask("How much did the zirconium reference drift?");
  await expect(page.getByRole("button", { name: /Source \d+: calibration\.md.*verified/ }).last()).toBeVisible();
  await appendFile(join(product.sample, "calibration.md"), "\nIt was replaced in week ten.\n");
  // The page tells of it as soon as the index has taken the change in.
  await expect(async () => {
    await page.reload();
    await expect(page.getByRole("button", { name: /Source \d+: calibration\.md.*changed since/ }).last()).toBeVisible({ timeout: 1500 });
  }).toPass();
});

test("killing the server loses nothing", async () => {
  const before = await page.getByRole("button", { name: /^Source \d+:/ }).count();
  await product.down("SIGKILL");
  await product.up();
  await page.reload();
  await expect(page.getByText("How much did the zirconium reference drift?").first()).toBeVisible();
  await expect(page.getByRole("button", { name: /^Source \d+:/ })).toHaveCount(before);
});

for (const [name, width, scheme] of [
  ["wide-light", 1440, "light"],
  ["wide-dark", 1440, "dark"],
  ["middle-light", 1024, "light"],
  ["phone-light", 390, "light"],
  ["phone-dark", 390, "dark"],
] as const) {
  test(`the workspace is usable and accessible: ${name}`, async () => {
    await page.setViewportSize({ width, height: width === 390 ? 844 : 900 });
    await page.emulateMedia({ colorScheme: scheme });
    await page.reload();
    await expect(page.getByRole("main")).toBeVisible();
    await page.waitForLoadState("networkidle").catch(() => undefined); // the event stream never ends
    await screenshot(name);
    await accessible();
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
  });
}

test("home and settings are accessible, in both languages", async () => {
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.emulateMedia({ colorScheme: "light" });
  for (const [name, path] of [["home", "/"], ["settings", "/settings"]] as const) {
    await page.goto(product.url + path);
    await expect(page.getByRole("main")).toBeVisible();
    await page.waitForTimeout(300); // fonts
    await screenshot(name);
    await accessible();
  }
  const language = await page.request.patch(`${product.url}/api/auth/me`, { data: { language: "zh" }, headers: { "sec-fetch-site": "same-origin" } });
  expect(language.ok()).toBe(true);
  await page.goto(product.url);
  await expect(page.locator("html")).toHaveAttribute("lang", "zh-CN");
  await screenshot("home-zh");
  await accessible();
});

test("nothing complained and nothing was asked of other hosts", () => {
  // While the server was down its event stream failed, as it must.
  expect(complaints.filter((c) => !/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_NETWORK|ERR_EMPTY_RESPONSE|Failed to load resource/.test(c))).toEqual([]);
});

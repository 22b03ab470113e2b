import { AxeBuilder } from "@axe-core/playwright";
import { type Browser, type BrowserContextOptions, expect, type Locator, type Page } from "@playwright/test";
import { join } from "node:path";
import type { Product } from "./product.ts";

export const password = "correct horse battery";

/** Creates the first account by the printed link and ends in the sample workspace, indexed. */
export async function setUp(browser: Browser, product: Product, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-GB", ...options });
  const page = await context.newPage();
  await page.goto(product.setupLink);
  await page.getByLabel("Name").fill("Ada");
  await page.getByLabel("Email").fill("ada@example.org");
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByText(/6 files indexed/).first()).toBeVisible();
  return page;
}

/** Opens another folder below the sample's parent as a workspace of its own. */
export async function openWorkspace(page: Page, product: Product, folderPath: string): Promise<string> {
  const answer = await page.request.post(`${product.url}/api/workspaces`, {
    data: { name: folderPath.split("/").at(-1) ?? folderPath, folderPath, create: true },
    headers: { "sec-fetch-site": "same-origin" },
  });
  expect(answer.status(), await answer.text()).toBe(201);
  const { id } = (await answer.json()) as { id: string };
  await page.goto(`${product.url}/w/${id}`);
  return id;
}

export async function ask(page: Page, question: string): Promise<void> {
  await page.getByRole("textbox", { name: "Question" }).fill(question);
  await page.getByRole("textbox", { name: "Question" }).press("Enter");
}

/** A file or folder in the tree. */
export function row(page: Page, name: string): Locator {
  return page.getByRole("treeitem", { name, exact: true });
}

/** Chooses from the menu that a right click on a file or folder opens. */
export async function choose(page: Page, name: string, item: string): Promise<void> {
  await row(page, name).click({ button: "right" });
  await page.getByRole("menuitem", { name: item }).click();
}

/** No automated accessibility finding on what is shown. */
export async function accessible(page: Page): Promise<void> {
  // A text that is fading in has little contrast for a moment; it is judged as it stays.
  await page.evaluate(() =>
    Promise.allSettled(document.getAnimations().filter((a) => a.effect?.getTiming().iterations !== Infinity).map((a) => a.finished)),
  );
  const result = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]).analyze();
  expect(result.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(" ")).join(", ")}`)).toEqual([]);
}

/** Keeps a picture when SCREENSHOTS names a folder. */
export async function picture(page: Page, name: string): Promise<void> {
  if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}.png`) });
}

/** Nothing sticks out of the window. */
export async function fits(page: Page): Promise<void> {
  expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(0);
}

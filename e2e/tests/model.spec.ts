import { expect, type Page, test } from "@playwright/test";
import { readFile } from "node:fs/promises";
import { accessible, ask, picture, setUp } from "./person.ts";
import { Product } from "./product.ts";
import { passageWith, Replay } from "./replay.ts";

// A model behind the OpenAI-compatible wire format: set up in the browser, asked, interrupted in every way.
test.describe.configure({ mode: "serial" });

const key = "sk-replay-4f9c1d77aa20";
let product: Product;
let replay: Replay;
let page: Page;
let workspace = "";
/** Every answer of the product's server to the browser, to look for the key in. */
const answers: Promise<string>[] = [];

test.beforeAll(async ({ browser }) => {
  replay = await Replay.start(key);
  product = await Product.start();
  page = await setUp(browser, product, { acceptDownloads: true });
  workspace = page.url();
  page.on("response", (response) => {
    if (!(response.headers()["content-type"] ?? "").includes("json")) return;
    answers.push(response.text().catch(() => ""));
  });
});

test.afterAll(async () => {
  await page.context().close();
  await product.remove();
  await replay.stop();
});

const quote = "passed through a 0.45";
/** Eight seconds of an answer with one true and one invented quotation. */
const slowly = {
  pause: 200,
  pieces: (system: string) => [
    `The solution is filtered [${passageWith(system, quote)} "${quote}"]. `,
    ...Array.from({ length: 38 }, (_, n) => `Word ${n} of the long explanation. `),
    `It was blessed by a bishop [${passageWith(system, quote)} "blessed by a bishop at noon"]. The end.`,
  ],
};
const question = "How is the precursor solution filtered?";
const lastAnswer = () => page.getByRole("article", { name: "Answer" }).last();

test("an endpoint is saved; its key is written and never comes back", async () => {
  await page.goto(`${product.url}/settings/model`);
  await page.getByRole("radio", { name: "OpenAI-compatible" }).or(page.getByRole("button", { name: "OpenAI-compatible" })).first().click();
  await page.getByLabel("Address").fill(replay.url);
  await page.getByLabel("Key").fill("sk-wrong-key-000000");
  await page.getByLabel("Model", { exact: true }).fill("replay-small");
  await expect(page.getByRole("button", { name: "Send a test" })).toBeDisabled();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved").first()).toBeVisible();
  await expect(page.getByLabel("Key")).toHaveValue("");
  await expect(page.getByLabel("Key")).toHaveAttribute("placeholder", /set; type to replace/);
});

test("a wrong key is told as such", async () => {
  await page.getByRole("button", { name: "Send a test" }).click();
  const result = page.locator(".test-result.bad");
  await expect(result).toContainText(/key/i);
  await picture(page, "model-wrong-key");
  await accessible(page);
  await page.goto(workspace);
  await ask(page, question);
  await expect(page.getByText("This answer could not be finished.")).toBeVisible();
  await expect(page.getByText(/key/i).last()).toBeVisible();
  await picture(page, "answer-wrong-key");
  await accessible(page);
});

test("the right key answers the test", async () => {
  await page.goto(`${product.url}/settings/model`);
  await page.getByLabel("Key").fill(key);
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("button", { name: "Send a test" })).toBeEnabled();
  await page.getByRole("button", { name: "Send a test" }).click();
  await expect(page.locator(".test-result.ok")).toContainText(/answered/);
  expect(replay.calls.at(-1)?.authorization).toBe(`Bearer ${key}`);
  await picture(page, "model-saved");
  await accessible(page);
  await page.reload();
  await expect(page.getByLabel("Address")).toHaveValue(replay.url);
  await expect(page.getByLabel("Key")).toHaveValue("");
});

test("an answer grows; its true quote is verified, its invented one never shown as true", async () => {
  replay.script = { ...slowly, pause: 10 };
  await page.goto(workspace);
  await ask(page, question);
  await expect(page.getByRole("button", { name: /Source 1: protocol\.md.*, verified/ })).toBeVisible();
  await expect(lastAnswer()).toContainText("The end.");
  await expect(page.getByRole("button", { name: /Source 2: .*not supported/ }).or(page.getByText(/unsupported|not supported/i)).first()).toBeAttached();
  await expect(lastAnswer()).toContainText("812 tokens in, 31 out");
  await picture(page, "model-answer");
  await accessible(page);
});

test("a link to a citation opens in another tab at the very words", async () => {
  await page.getByRole("button", { name: /Source 1: protocol\.md.*, verified/ }).first().click();
  await expect(page).toHaveURL(/cite=/);
  const other = await page.context().newPage();
  await other.goto(page.url());
  await expect(other.locator(".viewer mark").first()).toBeInViewport();
  await expect(other.locator(".viewer mark").first()).toContainText("passed through");
  await expect(other.getByText(question).first()).toBeVisible();
  await expect(other.locator(".cite.active")).toHaveText("1");
  await other.close();
});

test("a reload in the middle loses nothing of the answer", async () => {
  replay.script = slowly;
  const asked = replay.calls.length;
  await page.getByRole("button", { name: "New conversation" }).click();
  await ask(page, question);
  await expect(lastAnswer()).toContainText("Word 5 of");
  await page.reload();
  await expect(lastAnswer()).toContainText("Word 5 of");
  await expect(lastAnswer()).toHaveAttribute("aria-busy", "true");
  await picture(page, "reloaded");
  await expect(lastAnswer()).toContainText("The end.");
  await expect(lastAnswer()).toHaveAttribute("aria-busy", "false");
  const text = (await lastAnswer().innerText()).replace(/\s+/g, " ");
  for (let n = 0; n < 38; n++) expect(text.split(`Word ${n} of`).length - 1, `word ${n}`).toBe(1);
  expect(replay.calls.length - asked).toBe(1);
});

test("stopping keeps what was written and says so", async () => {
  await page.getByRole("button", { name: "New conversation" }).click();
  await ask(page, question);
  await expect(lastAnswer()).toContainText("Word 3 of");
  await page.getByRole("button", { name: "Stop" }).click();
  await expect(page.getByText("You stopped this answer.")).toBeVisible();
  await expect(lastAnswer()).toContainText("Word 3 of");
});

test("a server killed in the middle says afterwards that the answer was interrupted", async () => {
  await page.getByRole("button", { name: "New conversation" }).click();
  await ask(page, question);
  await expect(lastAnswer()).toContainText("Word 5 of");
  await product.down("SIGKILL");
  await expect(page.getByText("Connection lost, trying again")).toBeVisible();
  await picture(page, "server-gone");
  await accessible(page);
  await product.up();
  // The page comes back by itself, without a reload.
  await expect(page.getByText("The server stopped before this answer was finished.").or(lastAnswer().getByText("The end."))).toBeVisible({ timeout: 60_000 });
  await expect(page.getByText("Connection lost, trying again")).toBeHidden({ timeout: 60_000 });
  await page.reload();
  await expect(page.getByText(question).first()).toBeVisible();
  await expect(lastAnswer()).toContainText("Word 5 of");
  await picture(page, "interrupted");
  await accessible(page);
  replay.script = { ...slowly, pause: 5 };
  const again = page.getByRole("button", { name: "Ask again" });
  if (await again.isVisible()) await again.click();
  await expect(lastAnswer()).toContainText("The end.");
});

test("a conversation is renamed, exported and deleted", async () => {
  await page.getByRole("button", { name: "More for this conversation" }).click();
  await page.getByRole("menuitem", { name: "Rename" }).click();
  await page.getByRole("textbox", { name: "Title" }).fill("Filtering");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Filtering" })).toBeVisible();

  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "More for this conversation" }).click();
  await page.getByRole("menuitem", { name: "Export as Markdown" }).click();
  const file = await download;
  expect(file.suggestedFilename()).toMatch(/\.md$/);
  const text = await readFile(await file.path(), "utf8");
  expect(text).toContain("Filtering");
  expect(text).toMatch(/\[\^\w+\]: .*protocol\.md/);
  expect(text).toContain(quote);

  await page.getByRole("button", { name: "Conversations" }).click();
  await expect(page.locator(".conversation")).toHaveCount(5);
  await picture(page, "conversations");
  await accessible(page);
  await page.getByRole("button", { name: "More for Filtering" }).click();
  await page.getByRole("menuitem", { name: "Delete conversation" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete conversation" }).click();
  await expect(page.locator(".conversation")).toHaveCount(4);
  await expect(page.getByText("Filtering")).toBeHidden();
});

test("the key was in nothing that the browser got, and in no log", async () => {
  for (const path of ["/settings/system", "/settings/model"]) {
    await page.goto(product.url + path);
    await expect(page.getByRole("main")).toBeVisible();
    await page.waitForTimeout(500);
    expect(await page.content()).not.toContain(key);
  }
  const all = await Promise.all(answers);
  expect(all.length).toBeGreaterThan(20);
  expect(all.filter((text) => text.includes(key) || text.includes("sk-wrong-key"))).toEqual([]);
  expect(product.log).not.toContain(key);
});

import { expect, type Page, test } from "@playwright/test";
import { accessible, ask, password, picture, setUp } from "./person.ts";
import { Product } from "./product.ts";

// Accounts, preferences and tokens, and that one person's things are nobody else's.
test.describe.configure({ mode: "serial" });

let product: Product;
let page: Page;
let other: Page;
let workspace = "";
const secretQuestion = "What is the activation energy of grain growth?";

test.beforeAll(async ({ browser }) => {
  product = await Product.start();
  page = await setUp(browser, product);
  await ask(page, secretQuestion);
  await page.getByRole("button", { name: /Source \d+: report\.pdf/ }).first().click();
  await expect(page).toHaveURL(/cite=/);
  workspace = page.url();
  other = await (await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-GB" })).newPage();
});

test.afterAll(async () => {
  await page.context().close();
  await other.context().close();
  await product.remove();
});

test("theme and language are kept, over reloads and on another device", async ({ browser }) => {
  await page.goto(`${product.url}/settings/appearance`);
  await page.getByRole("radio", { name: "Dark" }).click();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await page.getByRole("radio", { name: "中文" }).click();
  await expect(page.locator("html")).toHaveAttribute("lang", "zh-CN");
  await picture(page, "appearance-dark-zh");
  await accessible(page);
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await expect(page.getByRole("heading", { name: "语言与主题" }).or(page.locator("html[lang=zh-CN]")).first()).toBeVisible();

  const elsewhere = await (await browser.newContext({ locale: "en-GB" })).newPage();
  await elsewhere.goto(`${product.url}/login`);
  await expect(elsewhere.locator("html")).toHaveAttribute("lang", /^en/);
  await elsewhere.getByLabel("Email").fill("ada@example.org");
  await elsewhere.getByLabel("Password").fill(password);
  await elsewhere.getByRole("button", { name: "Sign in" }).click();
  await expect(elsewhere.locator("html")).toHaveAttribute("lang", "zh-CN");
  await expect(elsewhere.locator("html")).toHaveAttribute("data-theme", "dark");
  await elsewhere.context().close();

  await page.getByRole("radio", { name: "English" }).click();
  await page.getByRole("radio", { name: "Light" }).click();
  await expect(page.locator("html")).toHaveAttribute("lang", /^en/);
});

test("registration is closed until the administrator opens it", async () => {
  await other.goto(`${product.url}/register`);
  await expect(other.getByText("Accounts are made by the administrator of this server.")).toBeVisible();
  await accessible(other);
  await page.goto(`${product.url}/settings/users`);
  const open = page.getByRole("switch").or(page.getByRole("checkbox")).first();
  await expect(open).not.toBeChecked();
  await page.getByText("Anyone who reaches this server may create an account").click();
  await expect(open).toBeChecked();
  await picture(page, "users");
  await accessible(page);

  await other.reload();
  await other.getByLabel("Name").fill("Bob");
  await other.getByLabel("Email").fill("bob@example.org");
  await other.getByLabel("Password").fill(password);
  await other.getByRole("button", { name: "Create account" }).click();
  await expect(other.getByRole("heading", { name: "Workspaces" })).toBeVisible();
  await page.reload();
  await expect(page.getByText("bob@example.org")).toBeVisible();
  await page.getByText("Anyone who reaches this server may create an account").click();
  await expect(open).not.toBeChecked();
});

test("the second person sees nothing of the first", async () => {
  await expect(other.getByText("No workspace yet.")).toBeVisible();
  await picture(other, "home-empty");
  await accessible(other);
  const texts: string[] = [];
  other.on("response", (response) => void response.text().then((text) => texts.push(text), () => undefined));
  await other.goto(workspace);
  await expect(other.getByRole("heading", { name: "There is no such workspace" })).toBeVisible();
  await picture(other, "no-permission");
  await accessible(other);
  expect(texts.filter((text) => text.includes("Sample study") || text.includes("activation energy"))).toEqual([]);
  await other.getByRole("link", { name: "Go to your workspaces" }).click();
  await expect(other.getByText("No workspace yet.")).toBeVisible();

  const address = new URL(workspace);
  const conversation = address.searchParams.get("c") ?? "";
  const id = address.pathname.split("/").at(-1) ?? "";
  expect(conversation).not.toBe("");
  for (const path of [
    `/api/workspaces/${id}`,
    `/api/workspaces/${id}/index`,
    `/api/workspaces/${id}/events`,
    `/api/files/read?workspaceId=${id}&path=README.md`,
    `/api/search?workspaceId=${id}&q=energy`,
    `/api/conversations/${conversation}`,
    `/api/conversations/${conversation}/export?format=markdown`,
  ]) {
    expect((await other.request.get(product.url + path)).status(), path).toBe(404);
    if (!path.endsWith("/events")) expect((await page.request.get(product.url + path)).status(), path).toBe(200);
  }
  await other.goto(`${product.url}/settings/users`);
  await expect(other.getByRole("link", { name: "Accounts" })).toBeHidden();
  expect((await other.request.get(`${product.url}/api/settings`)).status()).toBe(403);
});

test("a token is shown once and opens what it may", async () => {
  await page.goto(`${product.url}/settings/account`);
  await page.getByRole("button", { name: "Create token" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("laptop script");
  await dialog.getByRole("button", { name: "Create token" }).click();
  const token = (await dialog.locator("code").innerText()).trim();
  expect(token.length).toBeGreaterThan(20);
  await accessible(page);
  await dialog.getByRole("button", { name: "Close" }).click();
  await expect(page.getByText("laptop script")).toBeVisible();
  const texts: string[] = [];
  page.on("response", (response) => void response.text().then((text) => texts.push(text), () => undefined));
  await page.reload();
  await expect(page.getByText("laptop script")).toBeVisible();
  expect(await page.content()).not.toContain(token);
  expect(texts.filter((text) => text.includes(token))).toEqual([]);

  const headers = { authorization: `Bearer ${token}` };
  expect((await fetch(`${product.url}/api/workspaces`, { headers })).status).toBe(200);
  const write = await fetch(`${product.url}/api/workspaces`, { method: "POST", headers: { ...headers, "content-type": "application/json" }, body: "{}" });
  expect([403, 404]).toContain(write.status);
  await page.getByRole("button", { name: "Revoke" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await expect(page.getByText("laptop script")).toBeHidden();
  expect((await fetch(`${product.url}/api/workspaces`, { headers })).status).toBe(401);
});

test("signed out, nothing is left to see; signed in again, one is back at the same place", async () => {
  await page.goto(workspace);
  await expect(page.getByText(secretQuestion).first()).toBeVisible();
  await page.getByRole("button", { name: "Account" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page).toHaveURL(/\/login/);
  await page.goBack();
  await expect(page).toHaveURL(/\/login/);
  await expect(page.getByText(secretQuestion)).toBeHidden();
  await page.goto(workspace);
  await expect(page).toHaveURL(/\/login\?next=/);
  await page.getByLabel("Email").fill("ada@example.org");
  await page.getByLabel("Password").fill("wrong horse battery");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toBeVisible();
  await picture(page, "login-wrong");
  await accessible(page);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(workspace);
  await expect(page.getByText(secretQuestion).first()).toBeVisible();
});

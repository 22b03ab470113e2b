import { afterEach, describe, expect, it, vi } from "vitest";
import en from "../i18n/en.json";
import zh from "../i18n/zh.json";
import { adopt } from "../i18n";
import { safeNext } from "../lib/next";
import { api, ApiError, apiUrl, onSignedOut } from "./client";
import { errorText } from "./errors";

afterEach(() => vi.unstubAllGlobals());

function answer(body: BodyInit | null, init?: ResponseInit) {
  const calls: { url: string; init: RequestInit }[] = [];
  vi.stubGlobal("fetch", async (url: string, options: RequestInit) => {
    calls.push({ url, init: options });
    return new Response(body, init);
  });
  return calls;
}

describe("client", () => {
  it("fills in paths, leaves out what is undefined, and sends JSON", async () => {
    const calls = answer('{"items":[],"total":0}');
    await api.get("/api/workspaces/{id}/index/files", { path: { id: "a/b" }, query: { q: "x y", limit: 5 } });
    expect(calls[0]?.url).toBe("/api/workspaces/a%2Fb/index/files?q=x+y&limit=5");
    await api.patch("/api/auth/me", { body: { name: "Ada" } });
    expect(calls[1]?.init).toMatchObject({ method: "PATCH", body: '{"name":"Ada"}' });
    expect(apiUrl("/api/x", undefined, { a: undefined, b: null, c: false })).toBe("/api/x?c=false");
  });

  it("reads problem documents", async () => {
    answer('{"code":"changed","error":"It changed.","requestId":"r7","details":{"contentHash":"h"}}', { status: 412 });
    const error: unknown = await api.get("/api/auth/state").catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ code: "changed", status: 412, message: "It changed.", requestId: "r7", details: { contentHash: "h" } });
  });

  it("copes with a proxy's page, a broken answer and no answer", async () => {
    answer("<html>bad gateway</html>", { status: 502 });
    await expect(api.get("/api/auth/state")).rejects.toMatchObject({ code: "http_502", status: 502 });
    answer("{half", { status: 200 });
    await expect(api.get("/api/auth/state")).rejects.toMatchObject({ code: "bad_answer" });
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("refused")));
    await expect(api.get("/api/auth/state")).rejects.toMatchObject({ code: "network", status: 0 });
  });

  it("tells when nobody is signed in any more", async () => {
    const seen: string[] = [];
    const stop = onSignedOut((error) => seen.push(error.code));
    answer('{"code":"unauthorized","error":"x"}', { status: 401 });
    await api.get("/api/auth/state").catch(() => {});
    stop();
    await api.get("/api/auth/state").catch(() => {});
    expect(seen).toEqual(["unauthorized"]);
  });
});

it("says errors in the language in use, by code, else in the server's words", () => {
  adopt("zh", zh);
  expect(errorText(new ApiError("credentials", 401, "Wrong."))).toBe(zh["error.credentials"]);
  adopt("en", en);
  expect(errorText(new ApiError("http_503", 503, ""))).toBe(en["error.http_5xx"]);
  expect(errorText(new ApiError("never_seen_code", 400, "The server's words."))).toBe("The server's words.");
  expect(errorText(new TypeError("x is undefined"))).toBe(en["error.unexpected"]);
});

it("returns after sign-in to pages of this site only", () => {
  expect(safeNext("/w/abc?file=a.md#x")).toBe("/w/abc?file=a.md#x");
  for (const evil of ["//evil.example/", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "/\t/evil.example", "", undefined]) {
    expect(safeNext(evil)).toBe("/");
  }
});

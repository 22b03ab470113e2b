import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/**
 * Puts src/boot.js into the page head as a blocking script of its own with a hashed name.
 * It sets theme and language before the first paint; inline scripts are forbidden by the page's policy.
 */
function bootScript(): Plugin {
  const source = readFileSync(new URL("./src/boot.js", import.meta.url), "utf8");
  const name = `assets/boot-${createHash("sha256").update(source).digest("hex").slice(0, 8)}.js`;
  let build = false;
  return {
    name: "innoclaw-boot",
    configResolved(config) {
      build = config.command === "build";
    },
    buildStart() {
      if (build) this.emitFile({ type: "asset", fileName: name, source });
    },
    transformIndexHtml() {
      return [{ tag: "script", attrs: { src: build ? `/${name}` : "/src/boot.js" }, injectTo: "head-prepend" }];
    },
  };
}

/** Ships the character maps and standard fonts that pdf.js fetches for PDFs that do not carry their own. */
function pdfData(): Plugin {
  return {
    name: "innoclaw-pdf-data",
    apply: "build",
    buildStart() {
      for (const [from, to] of [["cmaps", "cmaps"], ["standard_fonts", "fonts"]] as const) {
        const folder = new URL(`./node_modules/pdfjs-dist/${from}/`, import.meta.url);
        for (const file of readdirSync(folder)) {
          this.emitFile({ type: "asset", fileName: `pdfjs/${to}/${file}`, source: readFileSync(new URL(file, folder)) });
        }
      }
    },
  };
}

export default defineConfig({
  plugins: [react(), bootScript(), pdfData()],
  build: {
    target: "es2022",
    cssTarget: ["chrome123", "firefox128", "safari17.5"],
    // data: URLs are not allowed by the page's policy
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    manifest: true,
    chunkSizeWarningLimit: 700,
  },
  worker: { format: "es" },
  test: {
    environment: "jsdom",
    setupFiles: ["src/test/setup.ts"],
    include: ["src/**/*.test.{ts,tsx}"],
    restoreMocks: true,
  },
});

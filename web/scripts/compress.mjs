// Writes a .br and a .gz next to every compressible file of dist and keeps the .gitkeep that lets the Go package embed
// an unbuilt dist. Ends with an error when the script a workspace page loads first outgrows its budget.
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const dist = new URL("../dist/", import.meta.url).pathname;
const compressible = /\.(?:js|mjs|css|html|svg|json|wasm|map|txt|webmanifest|bcmap|ttf|pfb)$/;
/** Bytes of brotli-compressed script that the first load of a workspace page may cost. */
const budget = 250 * 1024;

for (const entry of readdirSync(dist, { recursive: true, encoding: "utf8" })) {
  const path = join(dist, entry);
  if (entry.startsWith(".vite") || !statSync(path).isFile() || !compressible.test(entry)) continue;
  const bytes = readFileSync(path);
  if (bytes.length < 256) continue;
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: bytes.length > 600_000 ? 9 : 11,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  };
  writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params }));
  writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
}
writeFileSync(join(dist, ".gitkeep"), "");

// The first load of a workspace page: what index.html names, what that imports statically, and the page's own chunk.
const manifest = JSON.parse(readFileSync(join(dist, ".vite/manifest.json"), "utf8"));
const seen = new Set();
const visit = (key) => {
  if (seen.has(key)) return;
  seen.add(key);
  for (const next of manifest[key]?.imports ?? []) visit(next);
};
for (const key of ["index.html", "src/pages/Workspace.tsx", "src/i18n/zh.json"]) visit(key);
const scripts = [...seen].map((key) => manifest[key]?.file).filter((file) => file?.endsWith(".js"));
const total = scripts.reduce((sum, file) => {
  const path = join(dist, file);
  return sum + statSync(statSync(path).size < 256 ? path : `${path}.br`).size;
}, 0);
rmSync(join(dist, ".vite"), { recursive: true });
console.log(`first load of a workspace page: ${scripts.length} scripts, ${(total / 1024).toFixed(1)} KB brotli`);
if (total > budget) {
  console.error(`over the budget of ${budget / 1024} KB`);
  process.exit(1);
}

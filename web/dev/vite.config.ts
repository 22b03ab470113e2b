import { mergeConfig } from "vite";
import base from "../vite.config.ts";

/** The development server: the real server's API is taken from INNOCLAW_API, by default http://127.0.0.1:3000. */
export default mergeConfig(base, {
  root: new URL("..", import.meta.url).pathname,
  server: {
    proxy: { "/api": { target: process.env["INNOCLAW_API"] ?? "http://127.0.0.1:3000" } },
  },
});

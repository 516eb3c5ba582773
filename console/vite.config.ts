import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const server = process.env["PENSTOCK_SERVER"] ?? "http://127.0.0.1:4001";

export default defineConfig({
  plugins: [react(), tailwindcss()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    outDir: "../src/penstock/console",
    emptyOutDir: true,
    target: "es2022",
    // The page's policy forbids fonts and images in data URLs.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 800,
  },
  server: { proxy: { "/api": server } },
  test: { include: ["src/**/*.test.ts", "src/**/*.test.tsx"] },
});

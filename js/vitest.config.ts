import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";

const CHROMIUM = process.env.CHROMIUM || "/usr/bin/chromium";

// Pure modules in node. What has a page, in Chromium, and of the built bundle: what users get.
export default defineConfig({
  server: { fs: { allow: [".."] } },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: "node",
          include: ["tests/node/*.test.ts"],
          isolate: false, // pure modules; a process for each file takes twice the processor time
          testTimeout: 60_000, // a machine may be busy; nothing here waits for longer
        },
      },
      {
        extends: true,
        // Bundled before the first test: found later, they would reload its page.
        optimizeDeps: {
          include: ["@jupyter-widgets/base", "@jupyter-widgets/base-manager", "axe-core"],
        },
        test: {
          name: "chromium",
          include: ["tests/browser/*.test.ts"],
          // a page starved by a busy machine is slow, not wrong
          testTimeout: 120_000,
          hookTimeout: 120_000,
          expect: { poll: { timeout: 60_000 } },
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            connectTimeout: 180_000,
            provider: playwright({
              launchOptions: { executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] },
              contextOptions: {
                viewport: { width: 1000, height: 900 },
                reducedMotion: "reduce", // without a GPU, animations take a third of a processor
              },
            }),
            instances: [{ browser: "chromium" }],
          },
        },
      },
    ],
  },
});

// Takes the pictures of the pages; no tests of the suite. `npm run screenshots`
import { defineConfig } from '@playwright/test';

import journeys from '../playwright.config';

export default defineConfig({ ...journeys, testDir: '.', testMatch: 'screenshots.ts', globalSetup: './serve.ts', outputDir: '../test-results', timeout: 600_000 });

// Runs the measurements of the editor, which are no tests of the suite.
import { defineConfig } from '@playwright/test';

export default defineConfig({ testDir: '.', testMatch: '*.measure.ts', workers: 1, reporter: 'line' });

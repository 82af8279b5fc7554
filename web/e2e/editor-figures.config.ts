// Runs the measurements of the editor, which are no tests of the suite.
import journeys from '../playwright.config';

export default { ...journeys, testDir: '.', testMatch: '*.measure.ts', globalSetup: './serve.ts', outputDir: '../test-results', reporter: 'line', timeout: 600_000 };
